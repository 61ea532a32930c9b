import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { isRunning, type ProcessIdentity } from './process-identity.js';

/** Whether a Temporal server answers at an address and knows the namespace. */
export async function isServing(address: string, namespace = 'default'): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: '2 seconds' });
    try {
      await connection.withDeadline(Date.now() + 5_000, () =>
        connection.workflowService.describeNamespace({ namespace }),
      );
      return true;
    } finally {
      await connection.close();
    }
  } catch {
    return false;
  }
}

/** Waits until `isReady` holds, as long as the process lives and the time is not over. */
export async function becomesReady(
  identity: ProcessIdentity,
  isReady: () => Promise<boolean>,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while ((await isRunning(identity)) && Date.now() < deadline) {
    signal?.throwIfAborted();
    if (await isReady()) return true;
    await delay(30);
  }
  return false;
}
