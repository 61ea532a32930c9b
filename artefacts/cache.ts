/**
 * The worker's artefact cache: archives by their plain names at the top, where a person may put one by hand too, and
 * what is made of them in directories below (`prepared/`, `class-data/`), which no topology can name.
 */
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { HttpGet } from './http.js';
import { httpsGet } from './http.js';

export interface ArtefactCache {
  readonly directory: string;
  /** URL patterns that downloads must match; undefined allows every https URL. */
  readonly allowedUrls: readonly string[] | undefined;
  readonly get: HttpGet;
  /** Environment in which Maven's client is looked for and run. */
  readonly env: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
}

export interface ArtefactCacheOptions {
  directory: string;
  log?: ((line: string) => void) | undefined;
  /** Patterns such as `https://archive.apache.org/dist/*`; see url-policy.ts. */
  allowedUrls?: readonly string[] | undefined;
  /** How an URL is read; tests put a loopback server here. */
  get?: HttpGet | undefined;
  env?: NodeJS.ProcessEnv | undefined;
}

/** What is going on with one artefact, for lines that show that a slow step is alive. */
export interface ArtefactProgress {
  artefact: string;
  phase: 'waiting' | 'downloading' | 'verifying' | 'preparing';
  /** Host name of the source, or `maven`. */
  source?: string;
  bytes: number;
  /** Absent where the source does not say. */
  total?: number;
}

export interface FetchOptions {
  signal?: AbortSignal | undefined;
  progress?: ((progress: ArtefactProgress) => void) | undefined;
}

/** Opens the cache in a directory; the directory is made when something is first put into it. */
export function openArtefactCache(options: ArtefactCacheOptions): ArtefactCache {
  return {
    directory: resolve(options.directory),
    allowedUrls: options.allowedUrls,
    get: options.get ?? httpsGet,
    env: options.env ?? process.env,
    log: options.log ?? (() => undefined),
  };
}

/** A directory of the cache, made if missing. Only its owner may write: what lies here is sent to hosts as root. */
export async function cacheDirectory(cache: ArtefactCache, name = '.'): Promise<string> {
  const directory = resolve(cache.directory, name);
  await mkdir(directory, { recursive: true, mode: 0o755 });
  return directory;
}
