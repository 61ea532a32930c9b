/**
 * Secrets on their way between workers: sealed to a host's public key, so that they may pass through a workflow's history.
 * X25519 with an ephemeral key, HKDF-SHA256, AES-256-GCM. Confidential and unaltered, but not signed: anyone may seal.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';

/** One line of base64 each (DER: PKCS #8 and SPKI). */
export interface HostKeyPair {
  privateKey: string;
  publicKey: string;
}

/** One line of base64. */
export type Sealed = string;

export function newHostKeyPair(): HostKeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    publicKey: spki(publicKey).toString('base64'),
  };
}

/** Seals a text into one line of base64; `purpose` is bound to it: it opens only with the same one. */
export function seal(publicKey: string, text: string, purpose = ''): Sealed {
  const recipient = createPublicKey({ key: Buffer.from(publicKey, 'base64'), type: 'spki', format: 'der' });
  const ephemeral = generateKeyPairSync('x25519');
  const nonce = randomBytes(NONCE_BYTES);
  const shared = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: recipient });
  const cipher = createCipheriv('aes-256-gcm', derive(shared, ephemeral.publicKey, recipient), nonce);
  cipher.setAAD(boundTo(spki(ephemeral.publicKey), purpose));
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([VERSION, spki(ephemeral.publicKey), nonce, cipher.getAuthTag(), ciphertext]).toString('base64');
}

/** @throws Error when it was sealed to another key or for another purpose, or was changed on the way. */
export function openSealed(privateKey: string, sealed: Sealed, purpose = ''): string {
  const { ephemeralKey, nonce, tag, ciphertext } = partsOf(Buffer.from(sealed, 'base64'));
  const own = createPrivateKey({ key: Buffer.from(privateKey, 'base64'), type: 'pkcs8', format: 'der' });
  const sender = createPublicKey({ key: ephemeralKey, type: 'spki', format: 'der' });
  const shared = diffieHellman({ privateKey: own, publicKey: sender });
  const decipher = createDecipheriv('aes-256-gcm', derive(shared, sender, createPublicKey(own)), nonce);
  decipher.setAAD(boundTo(ephemeralKey, purpose));
  decipher.setAuthTag(tag);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8');
}

/** version 1 | ephemeral public key (SPKI) | nonce | tag | ciphertext */
const VERSION = Buffer.from([1]);
const KEY_BYTES = 44;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

function partsOf(sealed: Buffer): Record<'ephemeralKey' | 'nonce' | 'tag' | 'ciphertext', Buffer> {
  const start = VERSION.length + KEY_BYTES + NONCE_BYTES + TAG_BYTES;
  if (sealed[0] !== VERSION[0] || sealed.length < start) throw new Error('this is no sealed text of version 1');
  const ephemeralKey = sealed.subarray(1, 1 + KEY_BYTES);
  const nonce = sealed.subarray(1 + KEY_BYTES, 1 + KEY_BYTES + NONCE_BYTES);
  return { ephemeralKey, nonce, tag: sealed.subarray(start - TAG_BYTES, start), ciphertext: sealed.subarray(start) };
}

/** The key's bytes as sent: one key has several encodings, and only one of them shall pass. */
const boundTo = (ephemeralKey: Buffer, purpose: string): Buffer => Buffer.concat([ephemeralKey, Buffer.from(purpose)]);

const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

/** Both public keys go into the key, so that a message belongs to exactly this pair. */
const derive = (shared: Buffer, ephemeral: KeyObject, recipient: KeyObject): Buffer =>
  Buffer.from(
    hkdfSync('sha256', shared, Buffer.concat([spki(ephemeral), spki(recipient)]), 'everbroker sealed v1', 32),
  );
