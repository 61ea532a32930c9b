import { connect, type Socket } from 'node:net';
import { EverbrokerError } from '../core/failure.js';
import { call, dockerClient } from './docker-client.js';
import { execInContainer, unreachable, type Target } from './docker-exec.js';
import type { Host } from './host.js';

export interface DockerHostOptions {
  /** The engine, by its address; undefined is the environment's. */
  engine?: { address: string } | undefined;
  container: string;
  /** The host's name in the topology. */
  name: string;
  /**
   * How ports are reached: at the container's own address (only on the engine's machine), or as published. Default:
   * `address` and, where nothing answers there (Docker Desktop), `published`; for another machine's engine only `published`,
   * because the same address may here be somebody else's.
   */
  reach?: 'address' | 'published' | 'auto';
}

/** How long an address may stay silent before the published port is tried instead: on one machine it takes under 1 ms. */
const SILENT_MS = 1_000;

/** A container as a host. Nothing is checked before the first use. */
export function openDockerHost({ engine, container, name, reach = 'auto' }: DockerHostOptions): Host {
  const client = dockerClient(engine?.address);
  const target: Target = { client, container, name };
  const ways =
    reach !== 'auto' ? [reach] : client.isLocal ? (['address', 'published'] as const) : ['published' as const];
  return {
    name,
    exec: (argv, options) => execInContainer(target, argv, options),
    async open(port, options) {
      const deadline = Date.now() + options.timeoutMs;
      const endpoints = await endpointsOf(target, port, options.signal);
      const usable = ways.flatMap((way) => endpoints[way] ?? []);
      if (usable.length === 0) throw closed(target, port, 'ENOTPUBLISHED');
      for (const [index, endpoint] of usable.entries()) {
        const isLast = index === usable.length - 1;
        const left = Math.max(1, deadline - Date.now());
        const outcome = await dial(endpoint, {
          timeoutMs: isLast ? left : Math.min(SILENT_MS, left),
          signal: options.signal,
        });
        if (typeof outcome !== 'string') return outcome;
        // "Refused" comes from the host itself: nobody listens. Docker's own proxy would accept and say nothing.
        if (isLast || outcome === 'ECONNREFUSED') throw closed(target, port, outcome);
      }
      throw closed(target, port, 'ETIMEDOUT');
    },
    close: () => Promise.resolve(),
  };
}

interface Endpoint {
  host: string;
  port: number;
}

async function endpointsOf(
  target: Target,
  port: number,
  signal: AbortSignal | undefined,
): Promise<Record<'address' | 'published', Endpoint[]>> {
  const { client, container } = target;
  const found = await call(client, { what: `inspect ${container}`, signal }, (abortSignal) =>
    client.docker.getContainer(container).inspect({ abortSignal }),
  ).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw unreachable(target, error);
  });
  if (!found.State.Running) throw unreachable(target, new Error('the container does not run'));
  const addresses = Object.values(found.NetworkSettings.Networks).map((network) => network.IPAddress);
  const bindings = found.NetworkSettings.Ports[`${port}/tcp`] ?? [];
  return {
    address: addresses.filter((address) => address !== '').map((host) => ({ host, port })),
    published: bindings.slice(0, 1).map(({ HostPort }) => ({ host: client.hostname, port: Number(HostPort) })),
  };
}

/** The connected socket, or the code of what was in the way. */
function dial(
  endpoint: Endpoint,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<Socket | string> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const socket = connect({ ...endpoint, noDelay: true });
    const abort = () => settle(() => reject(signal?.reason));
    const timer = setTimeout(() => settle(() => resolve('ETIMEDOUT')), timeoutMs);
    const settle = (finish: () => void, keep = false) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      if (!keep) socket.destroy();
      finish();
    };
    signal?.addEventListener('abort', abort, { once: true });
    const failed = (error: NodeJS.ErrnoException) => settle(() => resolve(error.code ?? error.message));
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.off('error', failed);
      settle(() => resolve(socket), true);
    });
  });
}

const MEANING: Record<string, string> = {
  ECONNREFUSED: 'nobody listens',
  ETIMEDOUT: 'no answer in time',
  ENOTPUBLISHED: 'the container has no address for it and does not publish it',
};

const closed = (target: Target, port: number, code: string): EverbrokerError =>
  new EverbrokerError('HostUnreachable', `${target.name}: port ${port}: ${MEANING[code] ?? code}`, {
    host: target.name,
    port,
    code,
  });
