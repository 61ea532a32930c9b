/** Follows an operation to its end: progress as it comes, one Ctrl-C cancels it, a second one leaves it alone. */
import { setTimeout as delay } from 'node:timers/promises';
import type { OperationHandle } from './everbroker.js';
import { ProgressPrinter } from './progress-printer.js';
import { reportInterrupted, type Terminal } from './terminal.js';

/** Often enough to look live; a query costs the worker about a millisecond. */
const POLL_MS = 200;

export async function follow<O>(operation: OperationHandle<O>, terminal: Terminal): Promise<O> {
  const printer = new ProgressPrinter(terminal.json);
  let ended = false;
  const result = operation.result().finally(() => (ended = true));
  const interrupted = onInterrupt(operation, terminal);
  const watching = watch(operation, printer, () => ended);
  try {
    const output = await result;
    await watching;
    return output;
  } catch (error) {
    await watching;
    // The error is reported by the caller; what it does not say stands here.
    printer.failures(error instanceof Error ? error.message : String(error));
    throw error;
  } finally {
    interrupted.stop();
  }
}

async function watch<O>(operation: OperationHandle<O>, printer: ProgressPrinter, ended: () => boolean): Promise<void> {
  const look = async (): Promise<void> => {
    // The query fails while no worker answers; the operation goes on, and so does the watching.
    const progress = await operation.progress().catch(() => null);
    if (progress !== null) printer.show(progress);
  };
  while (!ended()) {
    await look();
    if (!ended()) await delay(POLL_MS);
  }
  await look();
  printer.end();
}

function onInterrupt<O>(operation: OperationHandle<O>, terminal: Terminal): { stop: () => void } {
  let asked = false;
  const handler = (): void => {
    if (asked) process.exit(reportInterrupted(operation.workflowId, terminal.json));
    asked = true;
    terminal.line(`\ncancelling ${operation.workflowId} at the next clean point (once more: leave it running)`);
    operation.cancel().catch((error: unknown) => terminal.line(String(error)));
  };
  process.on('SIGINT', handler);
  return { stop: () => process.off('SIGINT', handler) };
}
