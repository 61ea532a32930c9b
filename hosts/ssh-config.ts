/**
 * The worker user's own ssh configuration, as far as it is honoured: Host, HostName, Port, User, IdentityFile, ProxyJump,
 * Match (but not `Match exec`: looking at a host must not run commands) and Include at the top level. Read by the npm
 * package ssh-config, which has no dependencies and keeps OpenSSH's rules (the first value wins, patterns, negation,
 * quotes); Include, `~` and `%` are left to its users.
 */
import { readFile, readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import SSHConfig from 'ssh-config';
import { EverbrokerError } from '../core/failure.js';

export interface ConfiguredHost {
  hostName?: string;
  port?: number;
  user?: string;
  /** Files of keys, in order. */
  identityFiles: string[];
  jumps: { address: string; port?: number; user?: string }[];
}

/** OpenSSH's own limit. */
const DEEPEST_INCLUDE = 16;

/** @param directory Normally ~/.ssh. @throws EverbrokerError InvalidInput when the configuration cannot be read. */
export async function configuredHost(directory: string, host: string): Promise<ConfiguredHost> {
  const path = join(directory, 'config');
  const text = await withIncludes(path, { directory, depth: 0 });
  try {
    return read(SSHConfig.parse(text), host);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EverbrokerError('InvalidInput', `the worker's ${path}: ${why}`, { path }, { cause });
  }
}

function read(config: SSHConfig, host: string): ConfiguredHost {
  // These make the package ask a name server by a command; names are resolved when a host is dialled.
  for (const section of [config, ...config.flatMap((line) => ('config' in line ? [line.config] : []))]) {
    for (const line of [...section]) {
      if ('param' in line && /^canonical/i.test(line.param)) section.splice(section.indexOf(line), 1);
    }
  }
  const computed: Record<string, string | string[] | undefined> = config.compute(
    { Host: host },
    { ignoreCase: true, matchExec: false },
  );
  const first = (key: string): string | undefined => [computed[key]].flat()[0];
  const [hostName, port, user] = [first('hostname'), portOf(first('port')), first('user')];
  const names = { h: hostName ?? host, d: homedir(), r: user ?? 'root', u: userName() };
  return {
    ...(hostName === undefined ? {} : { hostName: expand(hostName, { ...names, h: host }) }),
    ...(port === undefined ? {} : { port }),
    ...(user === undefined ? {} : { user }),
    identityFiles: [computed['identityfile'] ?? []]
      .flat()
      .filter((file) => file !== 'none')
      .map((file) => fromHome(expand(file, names))),
    jumps: jumpsOf([computed['proxyjump'] ?? []].flat().join(' ')),
  };
}

/** `[user@]host[:port]`, separated by commas. */
function jumpsOf(text: string): ConfiguredHost['jumps'] {
  if (text === '' || text === 'none') return [];
  return text.split(',').map((jump) => {
    const [, user, bracketed, plain, port] =
      /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(jump.trim()) ?? [];
    const address = bracketed ?? plain;
    if (address === undefined) throw new Error(`ProxyJump ${jump} is not [user@]host[:port]`);
    const number = portOf(port);
    return { address, ...(user === undefined ? {} : { user }), ...(number === undefined ? {} : { port: number }) };
  });
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Error(`${text} is no port`);
  return port;
}

const expand = (text: string, names: Record<string, string>): string =>
  text.replace(/%(.)/g, (token, letter: string) => (letter === '%' ? '%' : (names[letter] ?? token)));

const fromHome = (path: string): string => (path.startsWith('~/') ? join(homedir(), path.slice(2)) : path);
const userName = (): string => process.env['USER'] ?? basename(homedir());

/** Empty where there is no file. Each Include at the top level is replaced by its files. */
async function withIncludes(path: string, at: { directory: string; depth: number }): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  if (at.depth > DEEPEST_INCLUDE) return '';
  const lines = text.split('\n').map(async (line) => {
    const patterns = /^Include(?:\s*=\s*|\s+)(.+)$/i.exec(line)?.[1];
    if (patterns === undefined) return line;
    const files = await Promise.all(
      patterns
        .trim()
        .split(/\s+/)
        .map((pattern) => matching(pattern, at.directory)),
    );
    const parts = files.flat().map((file) => withIncludes(file, { ...at, depth: at.depth + 1 }));
    // What follows an Include belongs to no Host of it.
    return [...(await Promise.all(parts)), ...(parts.length > 0 ? ['Host *'] : [])].join('\n');
  });
  return (await Promise.all(lines)).join('\n');
}

/** Wildcards are looked for in the last part only, which is where people have them (`config.d/*`). */
async function matching(pattern: string, directory: string): Promise<string[]> {
  const plain = fromHome(pattern.replace(/^"(.*)"$/, '$1'));
  const path = isAbsolute(plain) ? plain : join(directory, plain);
  const name = new RegExp(
    `^${basename(path)
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*/g, '[^]*')
      .replace(/\?/g, '[^]')}$`,
  );
  const names = await readdir(dirname(path)).catch(() => []);
  return names
    .filter((candidate) => name.test(candidate))
    .sort()
    .map((candidate) => join(dirname(path), candidate));
}
