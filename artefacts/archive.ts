/** Gets one archive into the cache, verified: from what is there, else from the first source that delivers it. */
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { EverbrokerError } from '../core/failure.js';
import type { ArtefactCache, FetchOptions } from './cache.js';
import { cacheDirectory } from './cache.js';
import { cachePath } from './local-file.js';
import { assertChecksum, corrupt, upstreamChecksum } from './checksum.js';
import type { Checksum } from './checksum.js';
import { download, sizeOf } from './download.js';
import { readEntry, recordEntry, removeEntry, sha512Of } from './entry.js';
import { withLock } from './lock.js';
import { copyByMaven } from './maven.js';

export type Source = { kind: 'https'; url: string } | { kind: 'maven'; mvn: string; coordinates: string };

export interface Wanted {
  /** Plain name in the cache. */
  name: string;
  /** What it must be; undefined where only the source can say. */
  sha512: string | undefined;
  /** In the order in which they are tried; asked for only when the cache does not have the file. */
  sources: () => Promise<Source[]>;
}

export interface Archive {
  path: string;
  sha512: string;
}

/** @throws EverbrokerError ArtefactUnavailable | ArtefactCorrupt | InputRefused */
export async function obtain(cache: ArtefactCache, wanted: Wanted, options: FetchOptions): Promise<Archive> {
  const path = cachePath(cache, wanted.name);
  const cached = await readEntry(path, options.signal);
  if (cached && agrees(cached.sha512, wanted.sha512)) return { path, sha512: cached.sha512 };
  await cacheDirectory(cache);
  const waiting = async () =>
    options.progress?.({ artefact: wanted.name, phase: 'waiting', bytes: await sizeOf(`${path}.part`) });
  return withLock(
    path,
    async () =>
      (await adopt(cache, { ...wanted, path }, options)) ?? (await fetchOne(cache, { ...wanted, path }, options)),
    { signal: options.signal, waiting },
  );
}

type Placed = Wanted & { path: string };

const agrees = (actual: string, wanted: string | undefined): boolean => wanted === undefined || actual === wanted;

/** Takes what lies in the cache: another process fetched it meanwhile, or a person put it there. Else removes it. */
async function adopt(cache: ArtefactCache, wanted: Placed, options: FetchOptions): Promise<Archive | undefined> {
  const { path } = wanted;
  if (!(await exists(path))) return undefined;
  const recordedBefore = await exists(`${path}.json`);
  const entry = await readEntry(path, options.signal);
  if (entry && agrees(entry.sha512, wanted.sha512)) return { path, sha512: entry.sha512 };
  const sha512 = await sha512Of(path, options.signal);
  // With neither a record nor a known checksum, the word of whoever may write into the cache counts.
  const good = wanted.sha512 === undefined ? !recordedBefore : sha512 === wanted.sha512;
  if (!good) {
    cache.log(`${wanted.name}: the file in the cache is not what it was or should be; it is fetched again`);
    await removeEntry(path);
    return undefined;
  }
  await recordEntry(path, { sha512, facts: null });
  return { path, sha512 };
}

async function fetchOne(cache: ArtefactCache, wanted: Placed, options: FetchOptions): Promise<Archive> {
  const failures: EverbrokerError[] = [];
  const sources = await wanted.sources();
  for (const source of sources) {
    // A source that does not answer is not waited for while there is another one.
    const fruitlessAttempts = source === sources.at(-1) ? 3 : 1;
    try {
      return await fetchFrom(cache, { ...wanted, source, fruitlessAttempts }, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      const failure = asUnavailable(error, wanted.name);
      if (failure.type === 'InputRefused') throw failure;
      cache.log(failure.message);
      failures.push(failure);
    }
  }
  throw allFailed(wanted.name, failures);
}

async function fetchFrom(
  cache: ArtefactCache,
  wanted: Placed & { source: Source; fruitlessAttempts: number },
  options: FetchOptions,
): Promise<Archive> {
  const { path, source, name, fruitlessAttempts } = wanted;
  const known: Checksum | undefined = wanted.sha512 ? { algorithm: 'sha512', hex: wanted.sha512 } : undefined;
  if (source.kind === 'https') {
    const file = await fromHttps(cache, { name, path, url: source.url, known, fruitlessAttempts }, options);
    return settle(file, path, options);
  }
  const directory = `${path}.maven`;
  try {
    const { mvn, coordinates } = source;
    const file = await copyByMaven({ cache, mvn, coordinates, directory, strict: !known }, options);
    if (known) await assertChecksum({ path: file, artefact: name, expected: known }, options.signal);
    return await settle(file, path, options);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Downloads and verifies; a file that was put together from several attempts gets a second chance from scratch. */
async function fromHttps(
  cache: ArtefactCache,
  what: { name: string; path: string; url: string; known: Checksum | undefined; fruitlessAttempts: number },
  options: FetchOptions,
): Promise<string> {
  const expected = what.known ?? (await upstreamChecksum(cache, what.url, options));
  if (!expected) throw new EverbrokerError('ArtefactUnavailable', `${what.url} has no checksum beside it`);
  const part = `${what.path}.part`;
  for (;;) {
    const resumed = (await sizeOf(part)) > 0;
    await download({ ...what, cache, part, artefact: what.name }, options);
    options.progress?.({ artefact: what.name, phase: 'verifying', bytes: await sizeOf(part) });
    try {
      await assertChecksum({ path: part, artefact: what.url, expected }, options.signal);
      return part;
    } catch (error) {
      options.signal?.throwIfAborted();
      await rm(part, { force: true });
      if (!resumed) throw error;
      cache.log(`${what.name}: the resumed download does not match its checksum; starting again`);
    }
  }
}

/** Puts a verified file at its final name, on the disk before it has the name. */
async function settle(file: string, path: string, options: FetchOptions): Promise<Archive> {
  const sha512 = await sha512Of(file, options.signal);
  await syncFile(file);
  await rename(file, path);
  await recordEntry(path, { sha512, facts: null });
  return { path, sha512 };
}

/** Forces a file's content to the disk: after a power cut, a renamed file could otherwise hold zeros. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  await handle.sync().finally(() => handle.close());
}

function asUnavailable(error: unknown, name: string): EverbrokerError {
  if (error instanceof EverbrokerError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new EverbrokerError('ArtefactUnavailable', `${name} cannot be fetched: ${reason}`, {}, { cause: error });
}

function allFailed(name: string, failures: EverbrokerError[]): EverbrokerError {
  const reasons = failures.map((failure) => `- ${failure.message}`).join('\n');
  if (failures.some((failure) => failure.type === 'ArtefactCorrupt')) return corrupt(name, `\n${reasons}`);
  const message = `${name} is not in the cache and no source delivers it:\n${reasons || '- no source is allowed'}`;
  return new EverbrokerError('ArtefactUnavailable', message, { artefact: basename(name) });
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
