/** Downloads into a `.part` file that a later attempt, also of another process, goes on from. */
import { createWriteStream } from 'node:fs';
import { stat, truncate } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Transform } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { EverbrokerError } from '../core/failure.js';
import type { ArtefactCache, ArtefactProgress, FetchOptions } from './cache.js';
import { getAllowed } from './http.js';

const CONNECT_MS = 5_000;
const RETRY_MS = 500;
/** The largest archive in use (a JDK) has 200 MB; more than this is a mistake or an attack on the worker's disk. */
const MAX_BYTES = 2 * 1024 ** 3;

export interface Download {
  cache: ArtefactCache;
  url: string;
  /** Where the bytes gather; what is there already is kept. */
  part: string;
  artefact: string;
  /** How many attempts in a row may bring nothing; one that brings some bytes starts the count anew. */
  fruitlessAttempts: number;
}

/**
 * Fetches the rest of the file. Cut connections are resumed; an abort leaves the part for next time.
 * @throws EverbrokerError ArtefactUnavailable (details.status where the server answered) | InputRefused
 */
export async function download(what: Download, options: FetchOptions): Promise<void> {
  let fruitless = 0;
  for (;;) {
    const before = await sizeOf(what.part);
    try {
      if (await attempt(what, { ...options, from: before })) return;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof EverbrokerError) throw error;
      fruitless = (await sizeOf(what.part)) > before ? 0 : fruitless + 1;
      if (fruitless >= what.fruitlessAttempts) throw unavailable(what.url, reasonOf(error), error);
      what.cache.log(`${what.artefact}: ${reasonOf(error)}; going on from ${await sizeOf(what.part)} bytes`);
      await sleep(RETRY_MS, undefined, { signal: options.signal });
    }
  }
}

/** One request; true when the file is complete. */
async function attempt(what: Download, options: FetchOptions & { from: number }): Promise<boolean> {
  const { from, signal } = options;
  const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
  const source = { url: what.url, get: what.cache.get, allowedUrls: what.cache.allowedUrls };
  const response = await getAllowed(source, { headers, connectMs: CONNECT_MS, signal });
  const start = startOf(response, from);
  if (start === 'complete' || start === 'again') {
    response.destroy();
    if (start === 'again') await truncate(what.part);
    return start === 'complete';
  }
  if (start === undefined) {
    response.destroy();
    throw unavailable(what.url, `the server answered ${response.statusCode}`, undefined, response.statusCode);
  }
  const length = response.headers['content-length'];
  const total = length === undefined ? undefined : start + Number(length);
  const report = reporter(what, options, total);
  const file = createWriteStream(what.part, { flags: start > 0 ? 'a' : 'w' });
  await pipeline(response, counting(start, report), file, { signal });
  if (total !== undefined && (await sizeOf(what.part)) < total) throw new Error('the connection was cut');
  return true;
}

/** Where in the file the answer begins; undefined when it is no success. */
function startOf(response: IncomingMessage, from: number): number | 'complete' | 'again' | undefined {
  if (response.statusCode === 200) return 0; // A server that ignores ranges sends it all: start again.
  const range = response.headers['content-range'] ?? '';
  if (response.statusCode === 206) return range.startsWith(`bytes ${from}-`) ? from : undefined;
  if (response.statusCode === 416 && from > 0) return range === `bytes */${from}` ? 'complete' : 'again';
  return undefined;
}

function counting(start: number, report: (bytes: number) => void): Transform {
  let bytes = start;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) return done(new EverbrokerError('ArtefactCorrupt', `the file is over ${MAX_BYTES} bytes`));
      report(bytes);
      done(null, chunk);
    },
  });
}

function reporter(what: Download, options: FetchOptions, total: number | undefined): (bytes: number) => void {
  const source = new URL(what.url).hostname;
  const fixed: Omit<ArtefactProgress, 'bytes'> = { artefact: what.artefact, phase: 'downloading', source };
  return (bytes) => options.progress?.({ ...fixed, bytes, ...(total !== undefined && { total }) });
}

/** The size of a file, 0 when it is not there. */
export async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

function unavailable(url: string, why: string, cause?: unknown, status?: number): EverbrokerError {
  const details = { url, ...(status !== undefined && { status }) };
  return new EverbrokerError('ArtefactUnavailable', `${url} cannot be downloaded: ${why}`, details, { cause });
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
