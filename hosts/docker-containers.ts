import type Docker from 'dockerode';
import { EverbrokerError } from '../core/failure.js';
import { archiveOf, type HostFile } from './archive.js';
import { call, hasStatus, orNull, type CallOptions, type DockerClient } from './docker-client.js';
import { startFailure } from './docker-start-failure.js';
import { carries, clusterFilter, type Labels } from './labels.js';

export interface ContainerState {
  id: string;
  name: string;
  running: boolean;
  /** Made but never started: what was to be written into it first may be missing. */
  neverStarted: boolean;
  labels: Labels;
  image: string;
  /** IPv4 address in its network, while it runs. */
  address?: string;
  /** Only when it does not run. */
  exitCode?: number;
}

export interface ContainerSpec {
  name: string;
  hostname: string;
  image: string;
  labels: Labels;
  network: string;
  address: string;
  /** `publish` is the address of the machine on which the same port is opened, or false. */
  ports: { port: number; publish: string | false }[];
  volumes: { volume: string; path: string }[];
  command: string[];
  /** Written before the first start. */
  files: HostFile[];
  /** How long the agent has for stopping its nodes before the engine kills it. */
  stopTimeoutSeconds: number;
  memoryMb?: number | undefined;
}

export interface DockerContainers {
  container(name: string, options?: CallOptions): Promise<ContainerState | null>;
  listContainers(cluster: string, options?: CallOptions): Promise<ContainerState[]>;
  /**
   * Creates the container and writes its files, or finds the one with the same labels (an answer may have been lost).
   * @throws EverbrokerError NameTaken | ArtefactUnavailable (no such image)
   */
  createContainer(spec: ContainerSpec, options?: CallOptions): Promise<{ id: string; created: boolean }>;
  /** @throws EverbrokerError PortTaken | AddressTaken */
  startContainer(id: string, options?: CallOptions): Promise<void>;
  stopContainer(id: string, options?: CallOptions & { seconds?: number }): Promise<void>;
  killContainer(id: string, options?: CallOptions & { killSignal?: string }): Promise<void>;
  /** Named volumes stay; does nothing where the container is already gone. */
  removeContainer(id: string, options?: CallOptions & { force?: boolean }): Promise<void>;
}

/**
 * All that a host needs beyond nothing: package installation (chown, dac, fowner, fsetid, setuid, setgid), brokers under
 * their own user (setuid, setgid), stopping them (kill).
 */
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID'];

export function dockerContainers(client: DockerClient): DockerContainers {
  const { docker } = client;

  async function container(name: string, options: CallOptions = {}): Promise<ContainerState | null> {
    const found = await orNull(
      call(client, { what: `inspect ${name}`, ...options }, (abortSignal) =>
        docker.getContainer(name).inspect({ abortSignal }),
      ),
    );
    // The engine also takes ids and their beginnings.
    if (!found || (found.Name !== `/${name}` && found.Id !== name)) return null;
    const address = Object.values(found.NetworkSettings.Networks).map(({ IPAddress }) => IPAddress)[0];
    return {
      id: found.Id,
      name: found.Name.slice(1),
      running: found.State.Running,
      neverStarted: found.State.Status === 'created',
      labels: found.Config.Labels ?? {},
      image: found.Config.Image,
      ...(address ? { address } : {}),
      ...(found.State.Running ? {} : { exitCode: found.State.ExitCode }),
    };
  }

  async function existing(spec: ContainerSpec, options: CallOptions): Promise<ContainerState | null> {
    const found = await container(spec.name, options);
    if (!found || carries(found.labels, spec.labels)) return found;
    const message = `there is another container ${spec.name} on ${client.address}`;
    throw new EverbrokerError('NameTaken', message, { container: spec.name, labels: found.labels });
  }

  async function create(spec: ContainerSpec, options: CallOptions): Promise<{ id: string; created: boolean }> {
    const found = await existing(spec, options);
    if (found) return { id: found.id, created: false };
    try {
      const made = await call(client, { what: `create container ${spec.name}`, ...options }, (abortSignal) =>
        docker.createContainer({ ...createRequest(spec), abortSignal }),
      );
      return { id: made.id, created: true };
    } catch (error) {
      options.signal?.throwIfAborted();
      if (hasStatus(error, 404)) {
        const message = `the engine at ${client.address} has no image ${spec.image}, or no network ${spec.network}`;
        throw new EverbrokerError('ArtefactUnavailable', message, { image: spec.image }, { cause: error });
      }
      const meanwhile = await existing(spec, options);
      if (meanwhile) return { id: meanwhile.id, created: false };
      throw error;
    }
  }

  return {
    container,
    async listContainers(cluster, options = {}) {
      const found = await call(client, { what: 'list containers', ...options }, (abortSignal) =>
        docker.listContainers({ all: true, filters: clusterFilter(cluster), abortSignal }),
      );
      return found.map((info) => ({
        id: info.Id,
        name: (info.Names[0] ?? '').slice(1),
        running: info.State === 'running',
        neverStarted: info.State === 'created',
        labels: info.Labels,
        image: info.Image,
      }));
    },
    async createContainer(spec, options = {}) {
      const { id, created } = await create(spec, options);
      const running = !created && (await container(spec.name, options))?.running === true;
      if (!running && spec.files.length > 0) {
        const archive = await archiveOf(spec.files);
        await call(client, { what: `write files into ${spec.name}`, ...options }, (abortSignal) =>
          docker.getContainer(id).putArchive(archive, { path: '/', abortSignal }),
        );
      }
      return { id, created };
    },
    async startContainer(id, options = {}) {
      try {
        await call(client, { what: `start container ${id}`, ...options }, (abortSignal) =>
          docker.getContainer(id).start({ abortSignal }),
        );
      } catch (error) {
        if (hasStatus(error, 304)) return;
        options.signal?.throwIfAborted();
        throw await startFailure(client, id, error);
      }
    },
    async stopContainer(id, { seconds, ...options } = {}) {
      // The engine answers when the container has stopped: its own grace comes on top of the answer's time.
      const timeoutMs = options.timeoutMs ?? ((seconds ?? 120) + 30) * 1000;
      const stop = call(client, { what: `stop container ${id}`, ...options, timeoutMs }, (abortSignal) =>
        docker.getContainer(id).stop({ ...(seconds === undefined ? {} : { t: seconds }), abortSignal }),
      );
      await unlessAlready(stop, 304, 404);
    },
    async killContainer(id, { killSignal = 'SIGKILL', ...options } = {}) {
      const kill = call(client, { what: `kill container ${id}`, ...options }, (abortSignal) =>
        docker.getContainer(id).kill({ signal: killSignal, abortSignal }),
      );
      await unlessAlready(kill, 404, 409);
    },
    async removeContainer(id, { force = false, ...options } = {}) {
      const remove = call(client, { what: `remove container ${id}`, ...options }, (abortSignal) =>
        docker.getContainer(id).remove({ force, v: false, abortSignal }),
      );
      await orNull(remove);
    },
  };
}

/** The wanted end is the end, whoever brought it about: 304 not modified, 404 gone, 409 (kill) not running. */
async function unlessAlready(deed: Promise<unknown>, ...statuses: number[]): Promise<void> {
  try {
    await deed;
  } catch (error) {
    if (!statuses.some((status) => hasStatus(error, status))) throw error;
  }
}

function createRequest(spec: ContainerSpec): Docker.ContainerCreateOptions {
  const published = spec.ports.flatMap(({ port, publish }) => (publish === false ? [] : [{ port, publish }]));
  return {
    name: spec.name,
    Hostname: spec.hostname,
    Image: spec.image,
    Labels: spec.labels,
    User: '0:0',
    Entrypoint: [],
    Cmd: spec.command,
    StopTimeout: spec.stopTimeoutSeconds,
    ExposedPorts: Object.fromEntries(spec.ports.map(({ port }) => [`${port}/tcp`, {}])),
    NetworkingConfig: { EndpointsConfig: { [spec.network]: { IPAMConfig: { IPv4Address: spec.address } } } },
    HostConfig: {
      NetworkMode: spec.network,
      PortBindings: Object.fromEntries(
        published.map(({ port, publish }) => [`${port}/tcp`, [{ HostIp: publish, HostPort: String(port) }]]),
      ),
      Mounts: spec.volumes.map(({ volume, path }) => ({ Type: 'volume', Source: volume, Target: path })),
      Init: true,
      RestartPolicy: { Name: 'always' },
      Privileged: false,
      CapDrop: ['ALL'],
      CapAdd: CAPABILITIES,
      SecurityOpt: ['no-new-privileges'],
      // No limit of open files: the JVM raises its own to the engine's hard limit, and an engine that may not go as high as
      // we ask would not start the container at all.
      // The agent's own few lines; brokers log to files. Without a limit Docker keeps them for ever.
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
      ...(spec.memoryMb === undefined ? {} : { Memory: spec.memoryMb * 1024 * 1024 }),
    },
  };
}
