import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/** sha256 of a text as hexadecimal digits: what sha256sum shows of the file that holds it. */
export const hashText = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)));
