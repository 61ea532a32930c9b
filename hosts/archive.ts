import { buffer } from 'node:stream/consumers';
import tar from 'tar-stream';

/** One file on a host, whole. */
export interface HostFile {
  /** Absolute. */
  path: string;
  content: string | Buffer;
  /** Permission bits, e.g. 0o600. */
  mode: number;
  /** Default 0, root. */
  uid?: number | undefined;
  gid?: number | undefined;
}

/** A tar of these files, relative to `/`; `rename` may give them other paths. */
export async function archiveOf(files: readonly HostFile[], rename = (path: string) => path): Promise<Buffer> {
  const pack = tar.pack();
  for (const { path, content, mode, uid = 0, gid = 0 } of files) {
    pack.entry({ name: rename(path).replace(/^\/+/, ''), mode, uid, gid, mtime: EPOCH }, content);
  }
  pack.finalize();
  return buffer(pack);
}

/** Any fixed time: the same files make the same bytes. After 1970, of which tar warns as "implausibly old". */
const EPOCH = new Date('2024-01-01T00:00:00Z');
