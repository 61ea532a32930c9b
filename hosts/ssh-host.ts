import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { EverbrokerError } from '../core/failure.js';
import type { Host } from './host.js';
import { ChannelRefused, LinkLost, unreachable } from './ssh-errors.js';
import { execOverSsh, prepared, type SshTarget } from './ssh-exec.js';
import type { SshRoute } from './ssh-login.js';
import { entryOf } from './ssh-pool.js';

export interface SshHostOptions extends SshRoute {
  /** The host's name in the topology. */
  name: string;
}

/** A machine behind SSH as a host. Nothing is connected before the first use, and connections are shared. */
export function openSshHost({ name, login, jumps }: SshHostOptions): Host {
  const target: SshTarget = { name, entry: entryOf({ login, jumps }) };
  return {
    name,
    exec: (argv, options) => execOverSsh(target, argv, options),
    open: (port, options) => openPort(target, port, options),
    // Connections outlive the Host objects that share them, and end when nothing uses them.
    close: () => Promise.resolve(),
  };
}

/** Always through the SSH connection: the worker may reach nothing else of the host, least of all behind a jump host. */
async function openPort(
  target: SshTarget,
  port: number,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<Duplex> {
  signal?.throwIfAborted();
  const timer = new AbortController();
  const late = delay(timeoutMs, 'late' as const, { signal: timer.signal }).catch(() => 'late' as const);
  const cancelled = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { signal: timer.signal });
  });
  const opening = forward(target, port);
  try {
    const stream = await Promise.race([opening, late, cancelled]);
    if (stream === 'late') throw closed(target, port, 'ETIMEDOUT');
    return stream;
  } catch (error) {
    void opening.then(
      (stream) => stream.destroy(),
      () => undefined,
    );
    throw signal?.aborted ? signal.reason : unreachable(target.name, error);
  } finally {
    timer.abort();
  }
}

const PROHIBITED = 1;

/**
 * To the address at which the host is known, so that what listens there only is reached too. A host behind address
 * translation does not know that address as its own; then to itself.
 */
async function forward(target: SshTarget, port: number): Promise<Duplex> {
  for (let attempt = 1; ; attempt++) {
    const connection = await prepared(target);
    try {
      return await connection.forward(connection.remoteAddress, port).catch((error: unknown) => {
        if (error instanceof ChannelRefused && error.reason !== PROHIBITED)
          return connection.forward('127.0.0.1', port);
        throw error;
      });
    } catch (error) {
      if (error instanceof ChannelRefused)
        throw closed(target, port, error.reason === PROHIBITED ? 'EACCES' : 'ECONNREFUSED');
      if (!(error instanceof LinkLost) || attempt === 3) throw error;
    }
  }
}

const MEANING = {
  ECONNREFUSED: 'nobody listens',
  ETIMEDOUT: 'no answer in time',
  EACCES: 'the SSH server forbids forwarding (AllowTcpForwarding)',
};

const closed = ({ name }: SshTarget, port: number, code: keyof typeof MEANING): EverbrokerError =>
  new EverbrokerError('HostUnreachable', `${name}: port ${port}: ${MEANING[code]}`, { host: name, port, code });
