/** Images that are another one with some packages: made when they are needed, and anew when what they are made of changes. */
import { createHash } from 'node:crypto';
import type { DockerClient } from '../hosts/docker-client.js';
import { BASE_IMAGE, CLEAN_APT, RECIPE_LABEL, ensureBaseImage, type EnsureImageOptions } from './base-image.js';
import { commitWith, imageId, imageLabel } from './build-container.js';

export interface DerivedImage {
  tag: string;
  /** Whether the engine has the image, made from the one below as it is now. */
  isThere(engine: DockerClient): Promise<boolean>;
  /** The image's tag; made when the engine does not have it. */
  ensure(options: EnsureImageOptions): Promise<string>;
}

/** @param script Runs as root, after packages' lists are fetched and before they are cleared. @param from Default the base image. */
export function derivedImage(tag: string, script: string, from?: DerivedImage): DerivedImage {
  const below = from?.tag ?? BASE_IMAGE;
  const install = `set -e\nexport DEBIAN_FRONTEND=noninteractive\napt-get -q update\n${script}\n${CLEAN_APT}`;
  const recipe = async (engine: DockerClient): Promise<string> => {
    const base = await imageId(engine, below);
    return createHash('sha256')
      .update(`${base ?? 'none'}\n${install}`)
      .digest('hex')
      .slice(0, 16);
  };
  const isThere = async (engine: DockerClient): Promise<boolean> =>
    (await imageLabel(engine, tag, RECIPE_LABEL)) === (await recipe(engine));
  return {
    tag,
    isThere,
    async ensure(options) {
      await (from === undefined ? ensureBaseImage(options) : from.ensure(options));
      if (await isThere(options.engine)) return tag;
      const labels = { [RECIPE_LABEL]: await recipe(options.engine) };
      await commitWith(options, { from: below, to: tag, script: install, labels });
      return tag;
    },
  };
}
