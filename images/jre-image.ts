/** The base image with a JRE: for tests and the benchmark, which are not about installing Java. */
import { createHash } from 'node:crypto';
import type { DockerClient } from '../hosts/docker-client.js';
import { BASE_IMAGE, CLEAN_APT, RECIPE_LABEL, ensureBaseImage, type EnsureImageOptions } from './base-image.js';
import { commitWith, imageId, imageLabel } from './build-container.js';

export const JRE_IMAGE = 'everbroker/debian-jre:bookworm';

/** Java's package calls update-alternatives for manual pages, whose directories small images lack. */
const INSTALL = `set -e
mkdir -p /usr/share/man/man1
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
apt-get -q install -y --no-install-recommends -o Acquire::Retries=3 openjdk-17-jre-headless
${CLEAN_APT}`;

async function recipe(engine: DockerClient): Promise<string> {
  const base = await imageId(engine, BASE_IMAGE);
  return createHash('sha256')
    .update(`${base ?? 'none'}\n${INSTALL}`)
    .digest('hex')
    .slice(0, 16);
}

/** Whether the engine has the image, made from the base image that it has now. */
export const hasJreImage = async (engine: DockerClient): Promise<boolean> =>
  (await imageLabel(engine, JRE_IMAGE, RECIPE_LABEL)) === (await recipe(engine));

/** The image's tag; made when the engine does not have it. */
export async function ensureJreImage(options: EnsureImageOptions): Promise<string> {
  await ensureBaseImage(options);
  if (await hasJreImage(options.engine)) return JRE_IMAGE;
  const labels = { [RECIPE_LABEL]: await recipe(options.engine) };
  await commitWith(options, { from: BASE_IMAGE, to: JRE_IMAGE, script: INSTALL, labels });
  return JRE_IMAGE;
}
