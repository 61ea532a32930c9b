/** Reads the entries of a tar or tar.gz one by one. */
import { createReadStream } from 'node:fs';
import { PassThrough, Transform } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import type { Extract } from 'tar-stream';
import { EverbrokerError } from '../core/failure.js';
import { corrupt } from './checksum.js';
import { safePath } from './entry-path.js';

/** One entry: its header, and its content as a stream. */
export type Entry = Extract extends AsyncIterable<infer Item> ? Item : never;

/** An archive that unpacks to more than this would fill the hosts' disks: the largest in use, a JDK, has 350 MB. */
const MAX_UNPACKED_BYTES = 4 * 1024 ** 3;

/**
 * Visits each entry; what the visitor leaves unread of it is skipped.
 * @throws EverbrokerError ArtefactCorrupt when the archive cannot be read to its end
 */
export async function forEachEntry(
  archive: string,
  visit: (entry: Entry) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const entries = extract();
  const streams = [createReadStream(archive), await decompressor(archive), limiter(archive), entries] as const;
  const reading = pipeline(streams, { signal });
  // Both ways of failing are looked at below; this keeps Node from calling the first one unhandled until then.
  const failure = reading.then(
    () => undefined,
    (error: unknown) => error,
  );
  try {
    for await (const entry of entries) {
      await visit(entry);
      entry.resume();
    }
    await reading;
  } catch (error) {
    entries.destroy();
    const first = (await failure) ?? error;
    signal?.throwIfAborted();
    const known = [error, first].find((each) => each instanceof EverbrokerError);
    throw known ?? corrupt(archive, first instanceof Error ? first.message : String(first));
  }
}

/** The directory that holds all of the archive, or '' when it has several things at its top. */
export async function topDirectory(archive: string, signal?: AbortSignal): Promise<string> {
  const tops = new Set<string>();
  const visit = (entry: Entry): Promise<void> => {
    const [top = '', ...rest] = safePath(entry.header.name, archive).split('/');
    const isDirectory = rest.length > 0 || entry.header.type === 'directory';
    if (top !== '') tops.add(isDirectory ? top : '');
    return Promise.resolve();
  };
  await forEachEntry(archive, visit, signal);
  const [only = ''] = tops;
  return tops.size === 1 ? only : '';
}

async function decompressor(archive: string): Promise<NodeJS.ReadWriteStream> {
  const start = await buffer(createReadStream(archive, { end: 1 }));
  const isGzip = start[0] === 0x1f && start[1] === 0x8b;
  return isGzip ? createGunzip({ chunkSize: 1 << 18 }) : new PassThrough();
}

function limiter(archive: string): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > MAX_UNPACKED_BYTES) done(corrupt(archive, `it unpacks to over ${MAX_UNPACKED_BYTES} bytes`));
      else done(null, chunk);
    },
  });
}
