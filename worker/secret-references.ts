/** References to passwords and keys: `env:EVERBROKER_…` and `file:` below the secrets directory, and nothing else of the worker's. */
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { EverbrokerError } from '../core/failure.js';
import type { Environment } from '../core/state-layout.js';

export interface SecretSources {
  directory: string;
  env: Environment;
}

/** A password for brokers. @throws EverbrokerError InputRefused; no message holds a value. */
export async function resolveSecret(sources: SecretSources, reference: string): Promise<string> {
  return acceptable(reference, await valueOf(sources, reference, MAX_BYTES));
}

/** What opens a host: a password that others chose, or a private key of many lines. @throws EverbrokerError InputRefused */
export async function resolveLogin(sources: SecretSources, reference: string, kind: 'key' | 'word'): Promise<string> {
  const value = await valueOf(sources, reference, kind === 'key' ? MAX_KEY_BYTES : MAX_BYTES);
  if (kind === 'word' && /[\u0000-\u001f\u007f]/.test(value))
    throw refused(reference, 'holds a control character or several lines');
  return value;
}

async function valueOf({ directory, env }: SecretSources, reference: string, maxBytes: number): Promise<string> {
  const separator = reference.indexOf(':');
  const [scheme, name] = [reference.slice(0, separator), reference.slice(separator + 1)];
  if (scheme === 'env') return fromEnvironment(env, reference, name);
  if (scheme === 'file') return fromFile(directory, { reference, name, maxBytes });
  throw refused(reference, 'must begin with env: or file:');
}

function fromEnvironment(env: Environment, reference: string, name: string): string {
  const value = name.startsWith('EVERBROKER_') ? env[name] : undefined;
  if (value === undefined || value === '') throw refused(reference, 'the worker has no such variable');
  return value;
}

/** A password is one line; whatever is longer is no password but another file. */
const MAX_BYTES = 4096;
/** The largest RSA key that ssh-keygen makes has 13 kB. */
const MAX_KEY_BYTES = 32_768;

async function fromFile(
  directory: string,
  { reference, name, maxBytes }: { reference: string; name: string; maxBytes: number },
): Promise<string> {
  const root = await realpath(directory).catch(() => null);
  const path = root === null ? null : await realpath(join(root, name)).catch(() => null);
  if (root === null || path === null)
    throw refused(reference, "there is no such file in the worker's secrets directory");
  if (!path.startsWith(root + sep)) throw refused(reference, "leads out of the worker's secrets directory");
  // Non-blocking: opening a FIFO would wait for ever for somebody to write into it.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => {
    throw refused(reference, 'cannot be read by the worker');
  });
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw refused(reference, 'is not a file');
    if (facts.size > maxBytes) throw refused(reference, `has more than ${maxBytes} bytes`);
    return (await file.readFile('utf8')).replace(/\r?\n$/, '');
  } finally {
    await file.close();
  }
}

/** Passwords that every scanner tries first, and that are long enough not to fall to the rule below. */
const KNOWN = new Set(
  'admin password changeme manager activemq secret system 12345678 123456789 1234567890 password1 password123 passw0rd p@ssw0rd admin123 administrator changeit letmein1 qwertyui qwerty123 iloveyou welcome1 activemq1 activemq123'.split(
    ' ',
  ),
);
const SHORTEST = 8;

function acceptable(reference: string, value: string): string {
  if (KNOWN.has(value.toLowerCase())) throw refused(reference, 'is a password that everybody knows');
  if (value.length < SHORTEST) throw refused(reference, `has fewer than ${SHORTEST} characters`);
  // Control characters cannot stand in the brokers' files; the rest is what Spring or Jetty would interpret there.
  if (/[\u0000-\u001f\u007f]/.test(value)) throw refused(reference, 'holds a control character or several lines');
  if (/[$#]\{|^OBF:/.test(value)) throw refused(reference, 'contains "${" or "#{", or begins with "OBF:"');
  return value;
}

const refused = (reference: string, why: string): EverbrokerError =>
  new EverbrokerError('InputRefused', `${reference}: ${why}`, { reference });
