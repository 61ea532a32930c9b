import { EverbrokerError } from '../core/failure.js';
import { call, orNull, type CallOptions, type DockerClient } from './docker-client.js';
import { carries, clusterFilter, type Labels } from './labels.js';

export interface VolumeState {
  name: string;
  labels: Labels;
}

export interface DockerVolumes {
  /**
   * @param options.marks Further labels for a volume that is made; one that is there already need not carry them.
   * @throws EverbrokerError NameTaken when a volume of that name lacks these labels: it may hold somebody else's data.
   */
  ensureVolume(name: string, labels: Labels, options?: CallOptions & { marks?: Labels }): Promise<{ created: boolean }>;
  /** Does nothing where it is already gone. */
  removeVolume(name: string, options?: CallOptions): Promise<void>;
  listVolumes(cluster: string, options?: CallOptions): Promise<VolumeState[]>;
}

export function dockerVolumes(client: DockerClient): DockerVolumes {
  const { docker } = client;

  const labelsOf = async (name: string, options: CallOptions): Promise<Labels | null> => {
    const found = await orNull(
      call(client, { what: `inspect volume ${name}`, ...options }, (abortSignal) =>
        docker.getVolume(name).inspect({ abortSignal }),
      ),
    );
    return found && (found.Labels ?? {});
  };

  const insist = (name: string, found: Labels, wanted: Labels): void => {
    if (carries(found, wanted)) return;
    const message = `there is another volume ${name} on ${client.address}`;
    throw new EverbrokerError('NameTaken', message, { volume: name, labels: found });
  };

  return {
    async ensureVolume(name, labels, { marks = {}, ...options } = {}) {
      const before = await labelsOf(name, options);
      if (before) {
        insist(name, before, labels);
        return { created: false };
      }
      await call(client, { what: `create volume ${name}`, ...options }, (abortSignal) =>
        docker.createVolume({ Name: name, Labels: { ...labels, ...marks }, abortSignal }),
      );
      // Creating is no test: Docker answers with an existing volume too, whatever its labels.
      insist(name, (await labelsOf(name, options)) ?? {}, labels);
      return { created: true };
    },
    async removeVolume(name, options = {}) {
      await orNull(
        call(client, { what: `remove volume ${name}`, ...options }, (abortSignal) =>
          docker.getVolume(name).remove({ abortSignal }),
        ),
      );
    },
    async listVolumes(cluster, options = {}) {
      const { Volumes } = await call(client, { what: 'list volumes', ...options }, (abortSignal) =>
        docker.listVolumes({ filters: clusterFilter(cluster), abortSignal }),
      );
      return Volumes.map((volume) => ({ name: volume.Name, labels: volume.Labels ?? {} }));
    },
  };
}
