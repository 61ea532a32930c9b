/** The plain tars made of archives, kept in `prepared/` beside what was learnt on the way. */
import { createHash } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import type { Archive } from './archive.js';
import { syncFile } from './archive.js';
import type { ArtefactCache, FetchOptions } from './cache.js';
import { cacheDirectory } from './cache.js';
import { sizeOf } from './download.js';
import { readEntry, recordEntry, sha512Of, storedFile, type StoredFile } from './entry.js';
import { withLock } from './lock.js';
import { prepareTar } from './prepare-tar.js';
import type { Preparation, Prepared } from './prepare-tar.js';

export interface Recipe<Facts> extends Pick<Preparation, 'keep' | 'read'> {
  /** Start of the tar's name. */
  name: string;
  /** Changes whenever `keep` or the facts change, so that tars made by an older Everbroker are made anew. */
  format: string;
  /** Checks the archive's content and says what is to be remembered; JSON-plain. */
  facts: (prepared: Prepared) => Facts;
  schema: z.ZodType<Facts>;
}

interface PreparedTar<Facts> {
  tar: StoredFile;
  facts: Facts;
}

/** The tar of an archive, made unless it is there already and untouched. */
export async function preparedTar<Facts>(
  cache: ArtefactCache,
  what: { archive: Archive; recipe: Recipe<Facts> },
  options: FetchOptions,
): Promise<PreparedTar<Facts>> {
  const { archive, recipe } = what;
  const directory = await cacheDirectory(cache, 'prepared');
  const key = createHash('sha256').update(`${archive.sha512} ${recipe.format}`).digest('hex').slice(0, 16);
  const tar = join(directory, `${recipe.name}-${key}.tar`);
  const report = (phase: 'waiting' | 'preparing', bytes: number) =>
    options.progress?.({ artefact: recipe.name, phase, bytes });
  const ready = () => readFacts(tar, recipe.schema, options.signal);
  const make = async () => {
    const draft = `${tar}.tmp`;
    report('preparing', 0);
    const alive = setInterval(() => void sizeOf(draft).then((bytes) => report('preparing', bytes)), 1000);
    try {
      const { keep, read } = recipe;
      const facts = recipe.facts(await prepareTar({ archive: archive.path, tar: draft, keep, read }, options.signal));
      const sha512 = await sha512Of(draft, options.signal);
      await syncFile(draft);
      await rename(draft, tar);
      await recordEntry(tar, { sha512, facts });
      return { tar: await storedFile(tar), facts };
    } finally {
      clearInterval(alive);
      await rm(draft, { force: true });
    }
  };
  const waiting = async () => report('waiting', await sizeOf(`${tar}.tmp`));
  return (await ready()) ?? withLock(tar, async () => (await ready()) ?? make(), { signal: options.signal, waiting });
}

async function readFacts<Facts>(
  tar: string,
  schema: z.ZodType<Facts>,
  signal: AbortSignal | undefined,
): Promise<PreparedTar<Facts> | undefined> {
  const parsed = schema.safeParse((await readEntry(tar, signal))?.facts);
  return parsed.success ? { tar: await storedFile(tar), facts: parsed.data } : undefined;
}
