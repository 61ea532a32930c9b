/** One Docker engine: what Everbroker asks of it, in its own words. Everything that may hang takes a signal and a time-out. */
import { call, dockerClient, type CallOptions } from './docker-client.js';
import { dockerClaims, type DockerClaims } from './docker-claims.js';
import { dockerContainers, type DockerContainers } from './docker-containers.js';
import { dockerHelpers, type DockerHelpers } from './docker-helpers.js';
import { dockerImages, type DockerImages } from './docker-images.js';
import { dockerNetworks, type DockerNetworks } from './docker-networks.js';
import { dockerVolumeFiles, type DockerVolumeFiles } from './docker-volume-files.js';
import { dockerVolumes, type DockerVolumes } from './docker-volumes.js';

export type { HostFile } from './archive.js';
export type { Claim, ClaimOutcome, ClaimSpec } from './docker-claims.js';
export type { CallOptions } from './docker-client.js';
export type { ContainerSpec, ContainerState } from './docker-containers.js';
export type { HelperSpec } from './docker-helpers.js';
export type { NetworkSpec, NetworkState } from './docker-networks.js';
export type { VolumeFile } from './docker-volume-files.js';
export type { VolumeState } from './docker-volumes.js';
export type { Labels } from './labels.js';

export interface DockerEngine
  extends
    DockerNetworks,
    DockerContainers,
    DockerVolumes,
    DockerVolumeFiles,
    DockerImages,
    DockerClaims,
    DockerHelpers {
  /** As in DOCKER_HOST. */
  readonly address: string;
  /** The engine's own id, which a host is pinned to; the same for every address that leads to it. */
  id(options?: CallOptions): Promise<string>;
}

/**
 * An engine by its address (default: the one that the docker command would use). Nothing is asked of it yet.
 * Every method throws EverbrokerError EngineUnreachable when the engine does not answer.
 */
export function openDockerEngine(address?: string): DockerEngine {
  const client = dockerClient(address);
  let told: { id: string; until: number } | undefined;
  return {
    address: client.address,
    async id(options = {}) {
      if (told !== undefined && performance.now() < told.until) return told.id;
      // dockerode types the answer as any, and its info() takes no signal.
      const info: unknown = await call(client, { what: 'tell its id', ...options }, () => client.docker.info());
      told = { id: idOf(info), until: performance.now() + ID_MS };
      return told.id;
    },
    ...dockerNetworks(client),
    ...dockerContainers(client),
    ...dockerVolumes(client),
    ...dockerVolumeFiles(client),
    ...dockerImages(client),
    ...dockerClaims(client),
    ...dockerHelpers(client),
  };
}

/** For its answer the engine starts two programs and counts all that it has: steps that follow one another need one. */
const ID_MS = 5_000;

function idOf(info: unknown): string {
  const id: unknown = typeof info === 'object' && info !== null ? Reflect.get(info, 'ID') : undefined;
  if (typeof id !== 'string') throw new TypeError('the engine told no id');
  return id;
}
