import { basename } from 'node:path';
import { obtain } from './archive.js';
import type { Archive } from './archive.js';
import type { ArtefactCache, FetchOptions } from './cache.js';
import { corrupt } from './checksum.js';
import { readEntry, recordEntry, sha512Of } from './entry.js';
import { localFile } from './local-file.js';
import { assertUrlAllowed } from './url-policy.js';

export type PinnedSource =
  { kind: 'url'; url: string; sha512: string } | { kind: 'file'; file: string; sha512: string };

/**
 * An archive that a topology names together with its checksum.
 * @throws EverbrokerError InputRefused | ArtefactUnavailable | ArtefactCorrupt
 */
export async function pinnedArchive(
  cache: ArtefactCache,
  source: PinnedSource,
  options: FetchOptions,
): Promise<Archive> {
  if (source.kind === 'file') return localArchive(cache, source, options);
  assertUrlAllowed(source.url, cache.allowedUrls);
  // Named by content: two URLs of one archive share it, and no URL can take the name of another artefact.
  const name = `${source.sha512.slice(0, 32)}.tar.gz`;
  const sources = () => Promise.resolve([{ kind: 'https' as const, url: source.url }]);
  return obtain(cache, { name, sha512: source.sha512, sources }, options);
}

async function localArchive(
  cache: ArtefactCache,
  source: Extract<PinnedSource, { kind: 'file' }>,
  options: FetchOptions,
): Promise<Archive> {
  const path = await localFile(cache, source.file);
  const known = await readEntry(path, options.signal);
  const sha512 = known?.sha512 ?? (await sha512Of(path, options.signal));
  // The file is a person's: a wrong one is reported and left alone.
  if (sha512 !== source.sha512) throw corrupt(basename(path), `its sha512 is ${sha512}, not ${source.sha512}`);
  if (!known) await recordEntry(path, { sha512, facts: null });
  return { path, sha512 };
}
