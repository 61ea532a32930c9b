/** What the cache remembers of a file, in `<file>.json`, so that gigabytes are not hashed at every start. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';

const stamp = z.object({ size: z.number(), mtimeMs: z.number(), ctimeMs: z.number(), ino: z.number() });
const entrySchema = z.object({ sha512: z.string(), stamp, facts: z.unknown() });
type Stamp = z.output<typeof stamp>;

export interface Entry {
  sha512: string;
  /** What was learnt of the file when it was put here; the reader parses it. */
  facts: unknown;
}

/** A file of the cache, to be sent somewhere. */
export interface StoredFile {
  path: string;
  bytes: number;
}

export const storedFile = async (path: string): Promise<StoredFile> => ({ path, bytes: (await stat(path)).size });

const sidecar = (path: string): string => `${path}.json`;

/** Remembers a file. Call it when the file is at its final path: a rename changes the ctime that is remembered. */
export async function recordEntry(path: string, entry: Entry): Promise<void> {
  const text = JSON.stringify({ sha512: entry.sha512, stamp: await stampOf(path), facts: entry.facts }, null, 2);
  const draft = `${sidecar(path)}.${process.pid}.tmp`;
  await writeFile(draft, `${text}\n`);
  await rename(draft, sidecar(path));
}

/**
 * What is known of a file, if it still is the file that was recorded. Where size, times or inode differ (touched,
 * copied, tampered with) the content is hashed again and decides.
 */
export async function readEntry(path: string, signal?: AbortSignal): Promise<Entry | undefined> {
  const found = await stampOf(path).catch(() => undefined);
  const recorded = await readSidecar(path);
  if (!found || !recorded) return undefined;
  if (sameStamp(found, recorded.stamp)) return recorded;
  if ((await sha512Of(path, signal)) !== recorded.sha512) return undefined;
  await recordEntry(path, recorded);
  return recorded;
}

/** Removes a file and what is remembered of it. */
export async function removeEntry(path: string): Promise<void> {
  await rm(sidecar(path), { force: true });
  await rm(path, { force: true });
}

export async function sha512Of(path: string, signal?: AbortSignal): Promise<string> {
  return hashOf(path, { algorithm: 'sha512', signal });
}

export async function hashOf(
  path: string,
  options: { algorithm: 'sha1' | 'sha512'; signal?: AbortSignal | undefined },
): Promise<string> {
  const hash = createHash(options.algorithm);
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { signal: options.signal });
  return hash.digest('hex');
}

async function readSidecar(path: string): Promise<z.output<typeof entrySchema> | undefined> {
  const text = await readFile(sidecar(path), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return entrySchema.parse(JSON.parse(text));
  } catch {
    return undefined; // An unreadable sidecar is as good as none: the file is checked anew.
  }
}

async function stampOf(path: string): Promise<Stamp> {
  const { size, mtimeMs, ctimeMs, ino } = await stat(path);
  return { size, mtimeMs, ctimeMs, ino };
}

const sameStamp = (a: Stamp, b: Stamp): boolean =>
  a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.ino === b.ino;
