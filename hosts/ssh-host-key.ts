/** Whether a host is the one that it should be: known_hosts as OpenSSH writes it, and fingerprints. Pure. */
import { createHash, createHmac } from 'node:crypto';

export interface KnownHostsFile {
  path: string;
  text: string;
}

export type KeyVerdict =
  | { known: true }
  | { known: false; why: 'unknown' }
  | { known: false; why: 'revoked'; where: string }
  | { known: false; why: 'changed'; where: string; expected: string };

interface Entry {
  marker: string;
  names: string;
  type: string;
  key: string;
  where: string;
}

export const fingerprintOf = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

/** The type stands at the front of every key: `ssh-ed25519`. */
export function keyType(key: Buffer): string {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0;
  return key.subarray(4, 4 + Math.min(length, 64)).toString('latin1');
}

export function judgeKey(
  files: readonly KnownHostsFile[],
  host: { address: string; port: number },
  key: Buffer,
): KeyVerdict {
  const encoded = key.toString('base64');
  const entries = files.flatMap(entriesOf).filter((entry) => isFor(entry, host));
  const revoked = entries.find((entry) => entry.marker === '@revoked' && entry.key === encoded);
  if (revoked) return { known: false, why: 'revoked', where: revoked.where };
  const plain = entries.filter(({ marker }) => marker === '');
  if (plain.some((entry) => entry.key === encoded)) return { known: true };
  // Another type's key counts as well: a host that cannot show a key that it is known by is not known.
  const other = plain.find(({ type }) => type === keyType(key)) ?? plain[0];
  if (!other) return { known: false, why: 'unknown' };
  const expected = fingerprintOf(Buffer.from(other.key, 'base64'));
  return { known: false, why: 'changed', where: other.where, expected };
}

/** Types of the keys that the host is known by, so that it is asked for one of these. */
export const knownTypes = (files: readonly KnownHostsFile[], host: { address: string; port: number }): string[] => [
  ...new Set(
    files
      .flatMap(entriesOf)
      .filter((entry) => entry.marker === '' && isFor(entry, host))
      .map(({ type }) => type),
  ),
];

/** @cert-authority entries are left out: certificates are not checked, so such a host is unknown. */
const LINE = /^\s*(?:(@[a-z-]+)\s+)?([^\s#]\S*)\s+(\S+)\s+([A-Za-z0-9+/=]+)(?:\s|$)/;

function entriesOf({ path, text }: KnownHostsFile): Entry[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    const [, marker = '', names, type, key] = LINE.exec(line) ?? [];
    if (names === undefined || type === undefined || key === undefined) return [];
    return [{ marker, names, type, key, where: `${path}:${index + 1}` }];
  });
}

function isFor({ names }: Entry, { address, port }: { address: string; port: number }): boolean {
  const name = port === 22 ? address.toLowerCase() : `[${address.toLowerCase()}]:${port}`;
  if (names.startsWith('|')) return isHashOf(names, name);
  const patterns = names.split(',');
  const matches = (pattern: string) => toRegExp(pattern.toLowerCase()).test(name);
  if (patterns.some((pattern) => pattern.startsWith('!') && matches(pattern.slice(1)))) return false;
  return patterns.some((pattern) => !pattern.startsWith('!') && matches(pattern));
}

/** `|1|salt|hash`: names that were hashed, so that a stolen file does not tell where its owner goes. */
function isHashOf(hashed: string, name: string): boolean {
  const [, method, salt = '', hash] = hashed.split('|');
  return method === '1' && createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
}

const toRegExp = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*/g, '[^]*')
      .replace(/\?/g, '[^]')}$`,
  );
