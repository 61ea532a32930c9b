/** When a class-data archive (AppCDS) of one JVM may be used by another. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/** Increase when the way in which archives are made changes. */
const FORMAT = 'class-data-1';

export interface ClassDataInput {
  /** The exact build, e.g. `17.0.15+6-Debian-1deb12u1`: the JVM refuses the archive of another one. */
  javaVersion: string;
  architecture: string;
  /** The class path, in order: the JVM compares it entry by entry. */
  jars: string[];
  /** SHA-512 of the distribution that the jars are from. */
  sha512: string;
}

/** Names an archive by everything that it depends on; two inputs share an archive only if all of it is equal. */
export const classDataKey = ({ javaVersion, architecture, jars, sha512 }: ClassDataInput): string =>
  bytesToHex(sha256(utf8ToBytes(JSON.stringify([FORMAT, javaVersion, architecture, jars, sha512]))));
