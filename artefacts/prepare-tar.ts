/** Makes of a .tar.gz a plain tar for streaming to hosts: what a host does not need is left out, once and for all. */
import { createWriteStream } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import type { Header, Pack } from 'tar-stream';
import { TREE_MARK } from '../core/layout.js';
import { corrupt } from './checksum.js';
import { below, safeLink, safePath } from './entry-path.js';
import { forEachEntry, topDirectory } from './read-archive.js';
import type { Entry } from './read-archive.js';

type PlainHeader = Pick<Header, 'name' | 'mode' | 'uid' | 'gid' | 'size' | 'type'> &
  Partial<Pick<Header, 'mtime' | 'linkname'>>;

/** With a fixed time: the same archive makes the same tar. */
const MARK: PlainHeader = {
  name: TREE_MARK,
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: new Date('2024-01-01T00:00:00Z'),
};

export interface Preparation {
  archive: string;
  tar: string;
  /** Which paths (below the top directory) go into the tar. */
  keep: (path: string) => boolean;
  /** Which files' text is wanted back. */
  read: (path: string) => boolean;
}

export interface Prepared {
  /** Paths of the files and links in the tar. */
  files: string[];
  texts: Record<string, string>;
}

/**
 * The last entry is TREE_MARK, by which a host knows that all of it has arrived.
 * Strips the one top directory, makes root the owner and takes write permission from others; times are kept, because
 * the class-data archive checks those of the jars.
 * @throws EverbrokerError ArtefactCorrupt for an archive that is broken or reaches out of its directory
 */
export async function prepareTar(what: Preparation, signal?: AbortSignal): Promise<Prepared> {
  const top = await topDirectory(what.archive, signal);
  const packed = pack();
  const prepared: Prepared = { files: [], texts: {} };
  const visit = async (entry: Entry): Promise<void> => {
    const header = plainHeader(entry.header, top, what.archive);
    if (header === undefined || header.name === TREE_MARK || !what.keep(header.name)) return;
    if (header.type !== 'directory') prepared.files.push(header.name);
    const text = header.type === 'file' && what.read(header.name) ? await buffer(entry) : undefined;
    if (text) prepared.texts[header.name] = text.toString('utf8');
    await copyEntry(packed, header, text ?? entry);
  };
  const reading = forEachEntry(what.archive, visit, signal).then(
    async () => {
      await copyEntry(packed, MARK, Buffer.alloc(0));
      packed.finalize();
    },
    (error: unknown) => {
      packed.destroy();
      throw error;
    },
  );
  const [read, written] = await Promise.allSettled([
    reading,
    pipeline(packed, createWriteStream(what.tar), { signal }),
  ]);
  if (read.status === 'rejected') throw read.reason;
  if (written.status === 'rejected') throw written.reason;
  return prepared;
}

/** The entry's header as it goes into the tar; undefined for the top directory itself. */
function plainHeader(header: Header, top: string, archive: string): PlainHeader | undefined {
  const name = below(safePath(header.name, archive), top);
  if (name === '') return undefined;
  const mode = (header.mode ?? 0o755) & 0o755;
  const plain = { name, mode, uid: 0, gid: 0, size: 0, ...(header.mtime && { mtime: header.mtime }) };
  const target = header.linkname ?? '';
  switch (header.type) {
    case 'file':
    case 'contiguous-file':
      return { ...plain, type: 'file', size: header.size ?? 0 };
    case 'directory':
      return { ...plain, type: 'directory' };
    case 'symlink':
      return { ...plain, type: 'symlink', linkname: safeLink(name, target, archive) };
    case 'link':
      return { ...plain, type: 'link', linkname: below(safePath(target, archive), top) };
    default:
      throw corrupt(archive, `${header.name} is a ${header.type}`);
  }
}

/** Writes one entry and waits for it, so that a slow disk slows the reading down. */
function copyEntry(packed: Pack, header: PlainHeader, content: Entry | Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve());
    if (header.type !== 'file') packed.entry(header, done).end(null);
    else if (Buffer.isBuffer(content)) packed.entry(header, content, done);
    else content.on('error', done).pipe(packed.entry(header, done));
  });
}
