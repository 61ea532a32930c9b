/** Class-data archives that hosts made, kept for the next cluster: each by the exact key of JVM, architecture and jars. */
import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { syncFile } from './archive.js';
import type { ArtefactCache } from './cache.js';
import { cacheDirectory } from './cache.js';
import { readEntry, recordEntry, sha512Of, storedFile, type StoredFile } from './entry.js';
import { withLock } from './lock.js';

const factsSchema = z.object({ key: z.string() });

/** Keeps an archive under its key; a reader sees the old one or the whole new one. */
export async function storeClassData(
  cache: ArtefactCache,
  key: string,
  content: Readable,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const path = await classDataFile(cache, key);
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    await pipeline(content, createWriteStream(draft), { signal: options.signal });
    const sha512 = await sha512Of(draft, options.signal);
    await syncFile(draft);
    await withLock(path, async () => {
      await rename(draft, path);
      await recordEntry(path, { sha512, facts: { key } });
    });
  } finally {
    await rm(draft, { force: true });
  }
}

/** The archive of a key, or undefined: when there is none, or when it is not what was stored. */
export async function findClassData(cache: ArtefactCache, key: string): Promise<StoredFile | undefined> {
  const path = await classDataFile(cache, key);
  const entry = await readEntry(path);
  const facts = factsSchema.safeParse(entry?.facts);
  if (!facts.success || facts.data.key !== key) return undefined;
  return storedFile(path);
}

async function classDataFile(cache: ArtefactCache, key: string): Promise<string> {
  const name = createHash('sha256').update(key).digest('hex').slice(0, 32);
  return join(await cacheDirectory(cache, 'class-data'), `${name}.jsa`);
}
