import { lstat, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { EverbrokerError } from '../core/failure.js';
import type { ArtefactCache } from './cache.js';

/** As in the topology's schema; checked again here, where the file is opened. */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/;

/** @throws EverbrokerError InputRefused when the name is not a plain one. */
export function cachePath(cache: ArtefactCache, name: string): string {
  if (!PLAIN_NAME.test(name)) throw refused(name, 'it is not the plain name of a file');
  return join(cache.directory, name);
}

/**
 * A file that a topology names: a regular file right in the cache directory, not a link to somewhere else.
 * @throws EverbrokerError InputRefused | ArtefactUnavailable
 */
export async function localFile(cache: ArtefactCache, name: string): Promise<string> {
  const path = cachePath(cache, name);
  const found = await lstat(path).catch(() => undefined);
  if (!found) {
    const message = `${name} is not in the artefact cache ${cache.directory}; put it there`;
    throw new EverbrokerError('ArtefactUnavailable', message, { file: name, directory: cache.directory });
  }
  const [target, directory] = await Promise.all([realpath(path), realpath(cache.directory)]);
  if (dirname(target) + sep !== directory + sep) throw refused(name, 'it leads out of the artefact cache');
  if (!(await lstat(target)).isFile()) throw refused(name, 'it is not a regular file');
  return target;
}

const refused = (name: string, why: string): EverbrokerError =>
  new EverbrokerError('InputRefused', `file ${JSON.stringify(name)} is refused: ${why}`, { file: name });
