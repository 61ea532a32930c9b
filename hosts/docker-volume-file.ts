/** Reads a file out of a volume without starting anything: a container that is never started mounts it for the copy. */
import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import tar from 'tar-stream';
import { call, dockerClient, hasStatus, orNull, type DockerClient } from './docker-client.js';

export interface VolumeFile {
  volume: string;
  /** Where the volume is mounted, absolute. */
  mount: string;
  /** Absolute path below the mount. */
  path: string;
  /** Any image that the engine has: nothing of it runs. */
  image: string;
}

/** Text of the file, or null when there is no such file or volume. */
export async function readVolumeFile(
  address: string,
  { volume, mount, path, image }: VolumeFile,
): Promise<string | null> {
  const client = dockerClient(address);
  const found = await orNull(
    call(client, { what: `inspect volume ${volume}` }, () => client.docker.getVolume(volume).inspect()),
  );
  if (found === null) return null;
  const container = await call(client, { what: `open volume ${volume}` }, () =>
    client.docker.createContainer({
      name: `everbroker-read-${randomUUID()}`,
      Image: image,
      Entrypoint: [],
      Cmd: ['true'],
      HostConfig: { NetworkMode: 'none', Binds: [`${volume}:${mount}:ro`] },
    }),
  );
  try {
    return await copyOut(client, container.id, path);
  } finally {
    await orNull(call(client, { what: 'close the volume' }, () => container.remove({ force: true })));
  }
}

async function copyOut(client: DockerClient, container: string, path: string): Promise<string | null> {
  try {
    const archive = await call(client, { what: `read ${path}` }, () =>
      client.docker.getContainer(container).getArchive({ path }),
    );
    const extract = tar.extract();
    archive.pipe(extract);
    for await (const entry of extract) return await text(entry);
    return null;
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}
