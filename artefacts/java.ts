/** A Java archive that a topology names: fetched, checked to hold a Java, and made a plain tar for streaming. */
import { z } from 'zod';
import type { ArtefactCache, FetchOptions } from './cache.js';
import { corrupt } from './checksum.js';
import type { StoredFile } from './entry.js';
import { pinnedArchive } from './pinned-archive.js';
import type { PinnedSource } from './pinned-archive.js';
import { preparedTar } from './prepared.js';

export interface CachedJava {
  /** The Java home as a plain tar: no top directory, owner root. */
  tar: StoredFile;
  /** SHA-512 of the archive that the topology names. */
  sha512: string;
}

const factsSchema = z.object({ files: z.int() });

/** @throws EverbrokerError ArtefactUnavailable | ArtefactCorrupt | InputRefused */
export async function fetchJavaArchive(
  cache: ArtefactCache,
  source: PinnedSource,
  options: FetchOptions = {},
): Promise<CachedJava> {
  const archive = await pinnedArchive(cache, source, options);
  const name = `java-${archive.sha512.slice(0, 16)}`;
  const recipe = {
    name,
    format: 'java-2',
    keep: () => true,
    read: () => false,
    schema: factsSchema,
    facts: ({ files }: { files: string[] }) => {
      if (!files.includes('bin/java')) throw corrupt(name, 'it holds no bin/java, at its top or in its one directory');
      return { files: files.length };
    },
  };
  const { tar } = await preparedTar(cache, { archive, recipe }, options);
  return { tar, sha512: archive.sha512 };
}
