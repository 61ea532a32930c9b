/** Looks into a volume whose host may have no container any more. */
import { buffer } from 'node:stream/consumers';
import tar from 'tar-stream';
import { EverbrokerError } from '../core/failure.js';
import { call, orNull, type CallOptions, type DockerClient } from './docker-client.js';

export interface VolumeFile {
  volume: string;
  /** Where hosts mount the volume. */
  mount: string;
  /** Absolute, below `mount`. */
  path: string;
}

export interface DockerVolumeFiles {
  /** The file's content, or null where the volume has no such file. The volume must exist. */
  readVolumeFile(file: VolumeFile, options?: CallOptions): Promise<Buffer | null>;
}

export function dockerVolumeFiles(client: DockerClient): DockerVolumeFiles {
  const { docker } = client;

  async function holder({ volume, mount }: VolumeFile, options: CallOptions): Promise<string | undefined> {
    const found = await call(client, { what: `list containers with ${volume}`, ...options }, (abortSignal) =>
      docker.listContainers({ all: true, filters: { volume: [volume] }, abortSignal }),
    );
    return found.find(({ Mounts }) => Mounts.some((at) => at.Name === volume && at.Destination === mount))?.Id;
  }

  /** A container that is never started: reading through it runs nothing. */
  async function lookingGlass({ volume, mount }: VolumeFile, options: CallOptions): Promise<string> {
    const [image] = await call(client, { what: 'list images', ...options }, (abortSignal) =>
      docker.listImages({ abortSignal }),
    );
    if (!image)
      throw new EverbrokerError('ArtefactUnavailable', `${client.address} has no image to read ${volume} with`);
    const made = await call(client, { what: `create a container for ${volume}`, ...options }, (abortSignal) =>
      docker.createContainer({
        Image: image.Id,
        Entrypoint: [],
        Cmd: ['true'],
        HostConfig: {
          NetworkMode: 'none',
          Mounts: [{ Type: 'volume', Source: volume, Target: mount, ReadOnly: true, VolumeOptions: NO_COPY }],
        },
        abortSignal,
      }),
    );
    return made.id;
  }

  const read = (container: string, path: string, options: CallOptions): Promise<Buffer | null> =>
    orNull(
      call(client, { what: `read ${path}`, ...options }, async (abortSignal) =>
        onlyFile(await docker.getContainer(container).getArchive({ path, abortSignal })),
      ),
    );

  return {
    async readVolumeFile(file, options = {}) {
      const existing = await holder(file, options);
      if (existing) return read(existing, file.path, options);
      const container = await lookingGlass(file, options);
      try {
        return await read(container, file.path, options);
      } finally {
        // Not cancellable, or it would stay.
        await call(client, { what: 'remove a container' }, () =>
          docker.getContainer(container).remove({ force: true }),
        );
      }
    },
  };
}

/** The image's files at the mount point must not be copied into an empty volume. */
const NO_COPY = { NoCopy: true, Labels: {}, DriverConfig: { Name: 'local', Options: {} } };

/** Docker hands out files as a tar of one. */
export async function onlyFile(archive: NodeJS.ReadableStream): Promise<Buffer | null> {
  // Awaited here: leaving the loop destroys the rest, and a file that comes in several pieces would be cut.
  for await (const entry of archive.pipe(tar.extract())) return await buffer(entry);
  return null;
}
