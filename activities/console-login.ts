/** The login with which a host's consoles are asked, from a credentials file that lies there. */
import { loginIn } from '../core/activemq/credentials.js';
import { caFile, credentialsFile } from '../core/layout.js';
import type { ConsoleLogin } from '../core/secrets.js';
import { tlsOf } from '../core/tls.js';
import type { Node, Topology } from '../core/topology/topology.js';
import type { Host } from '../hosts/host.js';
import { LOOK_MS } from './ask-agent.js';
import type { Deps } from './deps.js';
import type { Seen } from './observe.js';

/** The text of a node's credentials file; null where it cannot be read. */
type CredentialsReader = (node: Node) => Promise<string | null>;

/**
 * Logins that are not known yet are mostly the first node's: its file is read beside the look instead of after it, and is
 * believed only if the look says that it is as it was deployed.
 */
export function credentialsReader(
  deps: Deps,
  host: Host,
  { topology, nodes, signal }: { topology: Topology; nodes: readonly Node[]; signal: AbortSignal },
): CredentialsReader {
  const read = async ({ name }: Node): Promise<string | null> => {
    const found = await host.exec(['cat', credentialsFile(topology, name)], { timeoutMs: LOOK_MS, signal });
    return found.exitCode === 0 ? found.stdout : null;
  };
  const first = nodes[0];
  if (first === undefined || keysOf(deps, topology, host.name).length > 0) return read;
  const early = read(first);
  // The look fails as it does, and is the one to tell.
  early.catch(() => undefined);
  return (node) => (node === first ? early : read(node));
}

interface LoginSource {
  topology: Topology;
  nodes: readonly Node[];
  inside: Seen;
  credentials: CredentialsReader;
  signal: AbortSignal;
}

/**
 * From a credentials file of this host that is as it was deployed: a node whose file was changed would accept its own.
 * The values stay in this process; they are read once for each version, and a host that is made anew has a new key.
 */
export async function consoleLogin(
  deps: Deps,
  host: Host,
  { topology, nodes, inside, credentials, signal }: LoginSource,
): Promise<ConsoleLogin | null> {
  const version = (node: Node): number => inside.nodes.find(({ name }) => name === node.name)?.credentialsVersion ?? 0;
  const newest = Math.max(...nodes.map(version));
  const node = nodes.find((candidate) => newest > 0 && version(candidate) === newest);
  if (node === undefined) return null;
  const key = [topology.name, host.name, inside.publicKey, node.name, newest].join(' ');
  const read = deps.consoleLogins.get(key);
  if (read !== undefined) return read;
  const text = await credentials(node);
  if (text === null) return null;
  const login = loginIn(text, 'console');
  // Clusters come and go: what is forgotten is read again.
  if (deps.consoleLogins.size > 200) deps.consoleLogins.clear();
  if (login === null) return null;
  const access = { ...login, ...(await authorityOf(host, topology, node, signal)) };
  deps.consoleLogins.set(key, access);
  return access;
}

/** Where the console is encrypted: whom to trust, as the node's own file says that was deployed with the login. */
async function authorityOf(host: Host, topology: Topology, node: Node, signal: AbortSignal): Promise<{ ca?: string }> {
  if (tlsOf(topology) === null) return {};
  const found = await host.exec(['cat', caFile(topology, node.name)], { timeoutMs: LOOK_MS, signal });
  return found.exitCode === 0 ? { ca: found.stdout } : {};
}

/** Keys of the logins that were read on a host: they begin with cluster and host. */
const keysOf = (deps: Deps, topology: Topology, host: string): string[] =>
  [...deps.consoleLogins.keys()].filter((key) => key.startsWith(`${topology.name} ${host} `));

/** Whoever writes credentials on a host makes what was read there before worthless. */
export function forgetConsoleLogins(deps: Deps, topology: Topology, host: string): void {
  for (const key of keysOf(deps, topology, host)) deps.consoleLogins.delete(key);
}
