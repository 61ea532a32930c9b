/** A host's own key pair, to which secrets are sealed on their way to it. */
import { HOST_KEY_FILE, HOST_PUBLIC_KEY_FILE } from '../core/layout.js';
import { newHostKeyPair } from '../hosts/sealed.js';
import { ownedBy } from '../hosts/owned-host.js';
import { putFiles } from '../hosts/transfer.js';
import type { Deps } from './deps.js';
import type { StepInput } from './step-input.js';

/** The host's public key; a pair is made where there is none. */
export async function publicKeyOf(
  deps: Deps,
  { topology, host, token }: Omit<StepInput, 'step'>,
  signal: AbortSignal,
): Promise<string> {
  const opened = ownedBy(await deps.openHost(topology, host), token);
  const found = await opened.exec(['cat', HOST_PUBLIC_KEY_FILE], { timeoutMs: 10_000, signal });
  if (found.exitCode === 0 && found.stdout.trim() !== '') return found.stdout.trim();
  const keys = newHostKeyPair();
  await putFiles(
    opened,
    [
      { path: HOST_KEY_FILE, content: keys.privateKey, mode: 0o600 },
      { path: HOST_PUBLIC_KEY_FILE, content: keys.publicKey, mode: 0o644 },
    ],
    { timeoutMs: 10_000, signal },
  );
  return keys.publicKey;
}
