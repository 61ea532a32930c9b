import { EverbrokerError } from '../core/failure.js';
import type { ArtefactCache, FetchOptions } from './cache.js';
import { hashOf } from './entry.js';
import { getText } from './http.js';

export interface Checksum {
  algorithm: 'sha1' | 'sha512';
  hex: string;
}

const HEX_DIGITS = { sha1: 40, sha512: 128 } as const;
const CONNECT_MS = 5_000;

/** The checksum that upstream keeps beside a file: SHA-512 as Apache does, or SHA-1 as every Maven repository does. */
export async function upstreamChecksum(
  cache: ArtefactCache,
  url: string,
  options: FetchOptions,
): Promise<Checksum | undefined> {
  const { get, allowedUrls } = cache;
  for (const algorithm of ['sha512', 'sha1'] as const) {
    const source = { url: `${url}.${algorithm}`, get, allowedUrls };
    const text = await getText(source, { connectMs: CONNECT_MS, signal: options.signal });
    const hex = text === undefined ? undefined : parseChecksum(text, HEX_DIGITS[algorithm]);
    if (hex !== undefined) return { algorithm, hex };
  }
  return undefined;
}

/** Reads `<hex>`, `<hex>  file` and the `file: AB12 34CD …` lines that `gpg --print-md` writes. */
export function parseChecksum(text: string, digits: number): string | undefined {
  const plain = new RegExp(`^([0-9a-f]{${digits}})(\\s|$)`, 'i').exec(text.trim())?.[1];
  const grouped = text.slice(text.lastIndexOf(':') + 1).replace(/\s+/g, '');
  const found = plain ?? (new RegExp(`^[0-9a-f]{${digits}}$`, 'i').test(grouped) ? grouped : undefined);
  return found?.toLowerCase();
}

/** @throws EverbrokerError ArtefactCorrupt */
export async function assertChecksum(
  file: { path: string; artefact: string; expected: Checksum },
  signal?: AbortSignal,
): Promise<void> {
  const { algorithm, hex } = file.expected;
  const actual = await hashOf(file.path, { algorithm, signal });
  if (actual !== hex) throw corrupt(file.artefact, `its ${algorithm} is ${actual}, not ${hex}`);
}

export const corrupt = (artefact: string, why: string): EverbrokerError =>
  new EverbrokerError('ArtefactCorrupt', `${artefact} is not what it should be: ${why}`, { artefact });
