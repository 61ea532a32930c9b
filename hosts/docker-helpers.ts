/**
 * Helper containers: they do something to another container from beside it, end by themselves, and are removed by the engine
 * then, whoever is still there. None is privileged, and none has both a network and the engine's socket.
 */
import type Docker from 'dockerode';
import { setTimeout as delay } from 'node:timers/promises';
import { EverbrokerError } from '../core/failure.js';
import { call, hasStatus, type CallOptions, type DockerClient } from './docker-client.js';
import type { Labels } from './labels.js';

export interface HelperSpec {
  name: string;
  image: string;
  labels: Labels;
  command: readonly string[];
  /**
   * `network`: NET_ADMIN in a network namespace, that of a container (its id) or one of its own.
   * `engine`: the engine's socket, at ENGINE_SOCKET, and no network.
   */
  reach: { to: 'network'; of: string | null } | { to: 'engine' };
}

export const ENGINE_SOCKET = '/run/engine.sock';

export interface DockerHelpers {
  /** Where the engine's socket lies on its own machine; null when it is known by another kind of address. */
  readonly socketPath: string | null;
  /** Makes and starts it, or finds the one of that name. @throws EverbrokerError FaultImpossible | ArtefactUnavailable */
  startHelper(spec: HelperSpec, options?: CallOptions): Promise<{ created: boolean }>;
  /** By force; does nothing where it is gone. Returns when the name is free. */
  endHelper(name: string, options?: CallOptions): Promise<void>;
}

/** The engine removes a container that ends by itself in its own time. */
const REMOVAL_MS = 20_000;

export function dockerHelpers(client: DockerClient): DockerHelpers {
  const { docker } = client;
  const socketPath = client.address.startsWith('unix://')
    ? client.address.slice('unix://'.length) || '/var/run/docker.sock'
    : null;

  async function create(spec: HelperSpec, options: CallOptions): Promise<boolean> {
    try {
      await call(client, { what: `create helper ${spec.name}`, ...options }, (abortSignal) =>
        docker.createContainer({ ...helperRequest(spec, socketPath), abortSignal }),
      );
      return true;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (hasStatus(error, 409) && (await exists(spec.name, options))) return false;
      if (!hasStatus(error, 404)) throw error;
      const message = `the engine at ${client.address} has no image ${spec.image}`;
      throw new EverbrokerError('ArtefactUnavailable', message, { image: spec.image }, { cause: error });
    }
  }

  async function exists(name: string, options: CallOptions): Promise<boolean> {
    const filters = { name: [`^/${name}$`] };
    const found = await call(client, { what: `look for ${name}`, ...options }, (abortSignal) =>
      docker.listContainers({ all: true, filters, abortSignal }),
    );
    return found.length > 0;
  }

  return {
    socketPath,
    async startHelper(spec, options = {}) {
      if (spec.reach.to === 'engine' && socketPath === null)
        throw new EverbrokerError('FaultImpossible', `the engine at ${client.address} has no socket to give a helper`);
      const created = await create(spec, options);
      try {
        await call(client, { what: `start helper ${spec.name}`, ...options }, (abortSignal) =>
          docker.getContainer(spec.name).start({ abortSignal }),
        );
      } catch (error) {
        if (hasStatus(error, 304)) return { created };
        // One that could not start would keep the name, and its rules would wait for the next attempt.
        if (created) await this.endHelper(spec.name);
        throw error;
      }
      return { created };
    },
    async endHelper(name, options = {}) {
      const remove = call(client, { what: `remove helper ${name}`, ...options }, (abortSignal) =>
        docker.getContainer(name).remove({ force: true, v: true, abortSignal }),
      );
      await remove.catch((error: unknown) => {
        // 404: gone; 409: the engine is removing it already.
        if (!hasStatus(error, 404) && !hasStatus(error, 409)) throw error;
      });
      for (const deadline = Date.now() + REMOVAL_MS; await exists(name, options); await delay(50)) {
        if (Date.now() > deadline)
          throw new EverbrokerError('CommandFailed', `helper ${name} is not removed`, { name });
      }
    },
  };
}

function helperRequest(spec: HelperSpec, socketPath: string | null): Docker.ContainerCreateOptions {
  const { reach } = spec;
  const network = reach.to === 'network' && reach.of !== null ? `container:${reach.of}` : 'none';
  const mounts =
    reach.to === 'engine' && socketPath !== null
      ? [{ Type: 'bind' as const, Source: socketPath, Target: ENGINE_SOCKET }]
      : [];
  return {
    name: spec.name,
    Image: spec.image,
    Labels: spec.labels,
    User: '0:0',
    Entrypoint: [],
    Cmd: [...spec.command],
    HostConfig: {
      NetworkMode: network,
      Mounts: mounts,
      AutoRemove: true,
      Init: true,
      Privileged: false,
      CapDrop: ['ALL'],
      CapAdd: reach.to === 'network' ? ['NET_ADMIN'] : [],
      SecurityOpt: ['no-new-privileges'],
      LogConfig: { Type: 'none', Config: {} },
      Memory: 64 * 1024 * 1024,
    },
  };
}
