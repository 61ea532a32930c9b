/**
 * Connections by what they lead to, shared by all Host objects of the process: logging in takes 100 to 200 ms, a command
 * on a connection that is open a few. A connection that broke is opened anew at the next use.
 */
import { createHash } from 'node:crypto';
import { SshConnection } from './ssh-connection.js';
import type { SshRoute } from './ssh-login.js';

/** A command that the link was lost to, and that may still run. */
export interface Orphan {
  group: string;
  since: string;
}

export interface SshEntry {
  route: SshRoute;
  /** Ended by the next one who gets a connection, before anything else runs. */
  orphans: Orphan[];
  /** An open connection, or the way to one. */
  current: Promise<SshConnection> | undefined;
}

const entries = new Map<string, SshEntry>();

/** The same machines, users and credentials are the same entry. The key is a hash, for it is made of secrets. */
export function entryOf(route: SshRoute): SshEntry {
  const key = createHash('sha256').update(JSON.stringify(route)).digest('hex');
  const entry = entries.get(key) ?? { route, orphans: [], current: undefined };
  entries.set(key, entry);
  return entry;
}

/**
 * @param prepare Run once on a new connection before anybody gets it.
 * @throws EverbrokerError HostKeyRefused | LoginRefused; LinkLost
 */
export async function connectionOf(
  entry: SshEntry,
  { signal, prepare }: { signal?: AbortSignal | undefined; prepare: (connection: SshConnection) => Promise<void> },
): Promise<SshConnection> {
  signal?.throwIfAborted();
  const current =
    entry.current &&
    (await abortable(
      entry.current.catch(() => undefined),
      signal,
    ));
  if (current?.isOpen) return current;
  // Whoever waited for the same one has opened another meanwhile.
  if (entry.current && (await isStale(entry.current))) entry.current = undefined;
  entry.current ??= open(entry, prepare);
  return abortable(entry.current, signal);
}

async function open(entry: SshEntry, prepare: (connection: SshConnection) => Promise<void>): Promise<SshConnection> {
  const connection = await SshConnection.open(entry.route);
  try {
    await prepare(connection);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

const isStale = (connection: Promise<SshConnection>): Promise<boolean> =>
  connection.then(
    ({ isOpen }) => !isOpen,
    () => true,
  );

/** Ends all connections at once: idle ones would keep a process from ending for a while. */
export async function closeSshConnections(): Promise<void> {
  const open = [...entries.values()].flatMap(({ current }) => (current ? [current.catch(() => undefined)] : []));
  for (const connection of await Promise.all(open)) connection?.close();
}

/** Waits no longer than the signal lets; the work itself goes on for others. */
function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
