/** The image of the helpers that do faults: the base image with what changes a network's rules. */
import { createHash } from 'node:crypto';
import type { DockerClient } from '../hosts/docker-client.js';
import { BASE_IMAGE, CLEAN_APT, RECIPE_LABEL, ensureBaseImage, type EnsureImageOptions } from './base-image.js';
import { commitWith, imageId, imageLabel } from './build-container.js';

export const FAULT_IMAGE = 'everbroker/fault:bookworm';

const INSTALL = `set -e
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
apt-get -q install -y --no-install-recommends -o Acquire::Retries=3 nftables iproute2
perl -MIO::Socket::UNIX -e 1
${CLEAN_APT}`;

async function recipe(engine: DockerClient): Promise<string> {
  const base = await imageId(engine, BASE_IMAGE);
  return createHash('sha256')
    .update(`${base ?? 'none'}\n${INSTALL}`)
    .digest('hex')
    .slice(0, 16);
}

/** Whether the engine has the image, made from the base image that it has now. */
export const hasFaultImage = async (engine: DockerClient): Promise<boolean> =>
  (await imageLabel(engine, FAULT_IMAGE, RECIPE_LABEL)) === (await recipe(engine));

/** The image's tag; made when the engine does not have it. */
export async function ensureFaultImage(options: EnsureImageOptions): Promise<string> {
  await ensureBaseImage(options);
  if (await hasFaultImage(options.engine)) return FAULT_IMAGE;
  const labels = { [RECIPE_LABEL]: await recipe(options.engine) };
  await commitWith(options, { from: BASE_IMAGE, to: FAULT_IMAGE, script: INSTALL, labels });
  return FAULT_IMAGE;
}
