/** Java as users have it: an archive (the JRE of the test image, packed with a top directory), and an old one. */
import { createHash, randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dockerClient } from '../../hosts/docker-client.js';
import { BASE_IMAGE } from '../../images/base-image.js';
import { commitWith } from '../../images/build-container.js';
import { JRE_IMAGE } from '../../images/jre-image.js';

export interface JavaArchive {
  file: string;
  sha512: string;
}

/** Links are followed while packing: Debian's Java keeps half of itself in /etc. */
const PACK = `home=$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")
tar -C "$(dirname "$home")" -ch "$(basename "$home")" --ignore-failed-read 2>/dev/null | gzip -1 >/out/java.tar.gz`;

/** Puts java.tar.gz into a directory of this machine. */
export async function packJava(directory: string): Promise<JavaArchive> {
  const { docker } = dockerClient();
  const container = await docker.createContainer({
    Image: JRE_IMAGE,
    Cmd: ['sh', '-c', PACK],
    HostConfig: { Binds: [`${directory}:/out`] },
  });
  try {
    await container.start();
    await container.wait();
  } finally {
    await container.remove({ force: true });
  }
  const content = await readFile(`${directory}/java.tar.gz`);
  return { file: 'java.tar.gz', sha512: createHash('sha512').update(content).digest('hex') };
}

/** The base image with something that says it is a Java of that version, and is none. */
export async function fakeJavaImage(major: number): Promise<{ image: string; remove: () => Promise<void> }> {
  const engine = dockerClient();
  const image = `everbroker-test/java-${randomInt(0x10000000, 0x7fffffff).toString(16)}:latest`;
  const script = `set -e
mkdir -p /opt/old-java/bin
printf '#!/bin/sh\\necho "openjdk version \\\\"%s.0.1\\\\" 2018-10-16" >&2\\n' ${major} >/opt/old-java/bin/java
chmod +x /opt/old-java/bin/java
ln -s /opt/old-java/bin/java /usr/local/bin/java`;
  await commitWith({ engine }, { from: BASE_IMAGE, to: image, script, labels: {} });
  return { image, remove: async () => void (await engine.docker.getImage(image).remove({ force: true })) };
}
