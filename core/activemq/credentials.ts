/** conf/credentials.properties: the one rendered file with secrets. */
import { EverbrokerError } from '../failure.js';
import { versionFor, type ClusterSecrets, type Login } from '../secrets.js';

/** A node's file is compared by this line, never by its secrets. */
export const credentialsHead = (version: number): string => `# everbroker-credentials-version=${version}`;

/** For a node of a group: of the stores' logins it gets its own group's only. */
export function credentialsText(secrets: ClusterSecrets, group: string): string {
  const { system, bridge, client, probe, console } = secrets;
  const store = secrets.stores[group];
  const lines = [
    ['activemq.username', 'activemq.password', system] as const,
    ['bridge.user', 'bridge.password', bridge] as const,
    ['client.user', 'client.password', client] as const,
    ['probe.user', 'probe.password', probe] as const,
    ['console.user', 'console.password', console] as const,
    ...(store === undefined ? [] : [['store.user', 'store.password', store] as const]),
  ].flatMap(([userKey, passwordKey, login]) => loginLines(userKey, passwordKey, login));
  if (secrets.tls !== undefined) lines.push(`tls.password=${propertyValue(secrets.tls.password)}`);
  return `${credentialsHead(versionFor(secrets, group))}\n${lines.join('\n')}\n`;
}

const loginLines = (userKey: string, passwordKey: string, login: Login): string[] => [
  `${userKey}=${propertyValue(accepted(userKey, login.user))}`,
  `${passwordKey}=${propertyValue(accepted(passwordKey, login.password))}`,
];

/**
 * Spring goes on resolving inside a value: `${` would be a placeholder and `#{` an expression that the broker runs.
 * Jetty decodes a password that begins with OBF:. Nothing escapes either, so such values are refused.
 */
const REFUSED = /[$#]\{|^OBF:|[\u0000-\u001f\u007f]/;

function accepted(key: string, value: string): string {
  if (value !== '' && !REFUSED.test(value)) return value;
  const rule = 'must not be empty, begin with "OBF:", or contain "${", "#{" or control characters';
  throw new EverbrokerError('InvalidInput', `the secret for ${key} ${rule}`, { key });
}

/** java.util.Properties reads ISO 8859-1 and strips blanks at the beginning. */
const propertyValue = (value: string): string =>
  value
    .replaceAll('\\', '\\\\')
    .replace(/^ +/, (blanks) => '\\ '.repeat(blanks.length))
    .replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** One of the logins that a credentials file holds, or null when it lacks it. */
export function loginIn(text: string, name: 'console' | 'client' | 'probe' | 'bridge'): Login | null {
  const value = (key: string): string | undefined =>
    text
      .split('\n')
      .find((line) => line.startsWith(`${key}=`))
      ?.slice(key.length + 1)
      .replace(/\\(?:u([0-9a-f]{4})|(.))/g, (_, unit?: string, plain?: string) =>
        unit === undefined ? (plain ?? '') : String.fromCharCode(parseInt(unit, 16)),
      );
  const [user, password] = [value(`${name}.user`), value(`${name}.password`)];
  return user === undefined || password === undefined ? null : { user, password };
}
