/**
 * The cluster's credentials. The master copy is on the cluster's first host (0600, root). To other hosts they go
 * sealed to the host's own key, because the way leads through the workflow's history.
 */
import { z } from 'zod';
import { SECRETS_FILE } from '../core/layout.js';
import { EverbrokerError } from '../core/failure.js';
import { BRIDGE_USER, PROBE_USER, SYSTEM_USER } from '../core/naming.js';
import type { StepResult } from '../core/plan/step.js';
import { changedGroups, versionFor, type ClusterSecrets, type Login } from '../core/secrets.js';
import { storeOf } from '../core/stores/index.js';
import { groupNames, type Topology } from '../core/topology/topology.js';
import type { Host } from '../hosts/host.js';
import { ownedBy } from '../hosts/owned-host.js';
import { commandFailed } from '../hosts/run.js';
import { seal, type Sealed } from '../hosts/sealed.js';
import { putFiles } from '../hosts/transfer.js';
import { forHost, insistOnGiven, isTlsDue, wantedTls } from './certificates.js';
import type { Deps } from './deps.js';
import { newPassword } from './password.js';
import type { StepInput } from './step-input.js';

const loginSchema = z.strictObject({ user: z.string(), password: z.string() });
const secretsSchema = z.strictObject({
  version: z.int().min(1),
  groups: z.record(z.string(), z.int().min(1)).optional(),
  console: loginSchema,
  client: loginSchema,
  bridge: loginSchema,
  probe: loginSchema,
  system: loginSchema,
  // Absent in copies of clusters that were made before any store had a login.
  stores: z.record(z.string(), loginSchema).default({}),
  tls: z
    .strictObject({
      password: z.string(),
      ca: z.strictObject({ certificate: z.string(), key: z.string().nullable() }),
      hosts: z.record(z.string(), z.strictObject({ certificate: z.string(), key: z.string() })),
    })
    .optional(),
});

export interface Shared extends StepResult {
  /** The secrets sealed to each host's public key. */
  sealed: Record<string, Sealed>;
}

export async function shareSecrets(
  deps: Deps,
  { topology, host, token, recipients }: StepInput & { recipients: Record<string, string> },
  signal: AbortSignal,
): Promise<Shared> {
  const opened = ownedBy(await deps.openHost(topology, host), token);
  const master = await readMaster(opened, signal);
  const wanted = await wantedSecrets(deps, topology, master);
  const changed = master === null || !sameValues(master, wanted);
  const secrets = changed ? renewed(topology, master, wanted) : master;
  // The version's own file also when nothing changed: a run that was cut between the two files left it behind.
  const version = { path: SECRETS_VERSION_FILE, content: `${secrets.version}\n`, mode: 0o644 };
  const values = { path: SECRETS_FILE, content: `${JSON.stringify(secrets)}\n`, mode: 0o600 };
  await putFiles(opened, changed ? [values, version] : [version], { timeoutMs: 10_000, signal });
  await deps.cacheSecrets(topology, secrets);
  const sealed = Object.fromEntries(
    Object.entries(recipients).map(([name, key]) => [name, seal(key, JSON.stringify(forHost(secrets, name)))]),
  );
  return { changed, note: `version ${secrets.version}`, sealed };
}

/** With another version, which those groups have that hold what changed. */
function renewed(topology: Topology, master: ClusterSecrets | null, wanted: ClusterSecrets): ClusterSecrets {
  const version = (master?.version ?? 0) + 1;
  const names = groupNames(topology);
  const changed = master === null ? names : changedGroups(names, canonical(master), canonical(wanted));
  const versionOf = (group: string): number =>
    master === null || changed.includes(group) ? version : versionFor(master, group);
  return { ...wanted, version, groups: Object.fromEntries(names.map((group) => [group, versionOf(group)])) };
}

const SECRETS_VERSION_FILE = SECRETS_FILE.replace(/\.json$/, '.version');

/** Tells "there is none" from every other failure: taking that for none would replace every password. */
const READ_MASTER = '[ -e "$1" ] || exit 66; exec cat "$1"';
const NO_MASTER = 66;

/**
 * The master copy, or null before the first deploy.
 * @throws EverbrokerError CommandFailed | CommandTimedOut when it cannot be read
 */
export async function readMaster(host: Host, signal: AbortSignal): Promise<ClusterSecrets | null> {
  const found = await host.exec(['sh', '-c', READ_MASTER, 'sh', SECRETS_FILE], { timeoutMs: 10_000, signal });
  if (found.exitCode === NO_MASTER) return null;
  if (found.exitCode !== 0 || found.timedOut) throw commandFailed({ ...found, stdout: '' }, 'read the credentials');
  return parseSecrets(found.stdout);
}

/** @throws EverbrokerError CommandFailed. The parser's own message would quote the secrets, and it goes into a history. */
export function parseSecrets(text: string): ClusterSecrets {
  try {
    return secretsSchema.parse(JSON.parse(text));
  } catch {
    throw new EverbrokerError('CommandFailed', `${SECRETS_FILE} does not hold credentials; restore it from a backup`);
  }
}

export interface SecretsChange {
  /** Whether the topology asks for another user, password or certificate than the master copy has. */
  changed: boolean;
  /** Groups that hold what changes. */
  groups: string[];
}

export async function secretsChange(
  deps: Deps,
  topology: Topology,
  master: ClusterSecrets | null,
): Promise<SecretsChange> {
  if (master === null) return { changed: false, groups: [] };
  const groups = groupNames(topology);
  // a look makes no keys: it is enough to know that there are some to be made
  if (isTlsDue(topology, master.tls, Date.now())) return { changed: true, groups };
  const wanted = await wantedSecrets(deps, topology, master);
  if (sameValues(master, wanted)) return { changed: false, groups: [] };
  return { changed: true, groups: changedGroups(groups, canonical(master), canonical(wanted)) };
}

/** @throws EverbrokerError InputRefused when a password that the topology refers to cannot be had or must not be used. */
export async function insistOnReferences(deps: Deps, topology: Topology): Promise<void> {
  await wantedSecrets(deps, { ...topology, security: { ...topology.security, tls: false } }, null);
  await insistOnGiven(deps, topology);
}

/** Generated values stay as they are; references are resolved anew. */
async function wantedSecrets(deps: Deps, topology: Topology, master: ClusterSecrets | null): Promise<ClusterSecrets> {
  const { console: web, client } = topology.security;
  const own = (user: string, old: Login | undefined): Login => ({ user, password: old?.password ?? newPassword() });
  return {
    version: master?.version ?? 1,
    console: consoleLogin(web, await named(deps, web, master?.console)),
    client: await named(deps, client, master?.client),
    bridge: own(BRIDGE_USER, master?.bridge),
    probe: own(PROBE_USER, master?.probe),
    system: own(SYSTEM_USER, master?.system),
    stores: await storeLogins(deps, topology, master),
    ...(await encryption(deps, topology, master)),
  };
}

async function storeLogins(
  deps: Deps,
  topology: Topology,
  master: ClusterSecrets | null,
): Promise<ClusterSecrets['stores']> {
  const logins = groupNames(topology).map(async (group): Promise<[string, Login][]> => {
    const { login } = storeOf(topology, group);
    return login === null ? [] : [[group, await named(deps, login, master?.stores[group])]];
  });
  return Object.fromEntries((await Promise.all(logins)).flat());
}

/** Absent where it never was wanted. */
async function encryption(
  deps: Deps,
  topology: Topology,
  master: ClusterSecrets | null,
): Promise<Pick<ClusterSecrets, 'tls'>> {
  const tls = await wantedTls(deps, topology, master?.tls);
  return tls === undefined ? {} : { tls };
}

async function named(deps: Deps, { user, password }: Login, old: Login | undefined): Promise<Login> {
  if (password === 'generate') return { user, password: old?.password ?? newPassword() };
  const value = await deps.resolveSecret(password);
  if (value !== user) return { user, password: value };
  throw new EverbrokerError('InputRefused', `${password}: the password of ${user} is the user's own name`);
}

/** HTTP leaves open how a login's other characters are encoded: browsers send them in one way, Jetty reads another. */
function consoleLogin(reference: Login, login: Login): Login {
  if (/^[\x20-\x7e]*$/.test(login.password)) return login;
  const message = `${reference.password}: the console's password may hold only letters, digits and signs of ASCII`;
  throw new EverbrokerError('InputRefused', message);
}

/** With the keys in the order of the schema. */
const canonical = (secrets: ClusterSecrets): ClusterSecrets => secretsSchema.parse(secrets);

const sameValues = (a: ClusterSecrets, b: ClusterSecrets): boolean => {
  const values = (secrets: ClusterSecrets): string => {
    const { version: _version, groups: _groups, ...rest } = canonical(secrets);
    return JSON.stringify(rest);
  };
  return values(a) === values(b);
};

/** Credentials that nobody will ever use, for the scratch broker. */
export function throwawaySecrets(): ClusterSecrets {
  const login = (user: string): Login => ({ user, password: newPassword() });
  return {
    version: 1,
    console: login('scratch'),
    client: login('scratch-client'),
    bridge: login(BRIDGE_USER),
    probe: login(PROBE_USER),
    system: login(SYSTEM_USER),
    stores: {},
  };
}
