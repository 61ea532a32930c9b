/** Paths inside an archive: none may reach out of the directory that it is unpacked into. */
import { posix } from 'node:path';
import { corrupt } from './checksum.js';

/** A path as it is meant, without "./" and a slash at the end. @throws EverbrokerError ArtefactCorrupt */
export function safePath(path: string, archive: string): string {
  const parts = path.split('/').filter((part) => part !== '.' && part !== '');
  if (path.startsWith('/') || parts.includes('..')) throw corrupt(archive, `it holds the path ${path}`);
  return parts.join('/');
}

/** The target of a symbolic link, which must stay inside the archive. @throws EverbrokerError ArtefactCorrupt */
export function safeLink(name: string, target: string, archive: string): string {
  const reached = posix.normalize(posix.join(posix.dirname(name), target));
  if (target === '' || target.startsWith('/') || reached === '..' || reached.startsWith('../')) {
    throw corrupt(archive, `the link ${name} leads out of it, to ${target}`);
  }
  return target;
}

/** The path without the top directory; '' for that directory itself. */
export const below = (path: string, top: string): string =>
  top !== '' && (path === top || path.startsWith(`${top}/`)) ? path.slice(top.length + 1) : path;
