/** Follows an operation to its end: progress as it comes, one Ctrl-C cancels it, a second one leaves it alone. */
import { setTimeout as delay } from 'node:timers/promises';
import type { OperationHandle } from './everbroker.js';
import { ProgressPrinter } from './progress-printer.js';
import { reportInterrupted, type Terminal } from './terminal.js';

/**
 * Often enough to look live. A query costs the worker, the server and this process some milliseconds together, which a
 * long operation is not to pay five times a second.
 */
const POLL_MS = 200;
const LONG_POLL_MS = 500;
const LONG_AFTER_MS = 2000;

/** @param begin What is told of the operation first: from the first word on Ctrl-C is heard. */
export async function follow<O extends object>(
  operation: OperationHandle<O>,
  terminal: Terminal,
  begin: () => void = () => undefined,
): Promise<O> {
  const printer = new ProgressPrinter(terminal.json);
  const interrupted = onInterrupt(operation, terminal);
  begin();
  let ended = false;
  const result = operation.result().finally(() => (ended = true));
  const watching = watch(operation, printer, () => ended);
  try {
    const output = await result;
    await watching;
    printer.showEnd(output);
    return output;
  } catch (error) {
    await watching;
    await look(operation, printer);
    // The error is reported by the caller; what it does not say stands here.
    printer.failures(error instanceof Error ? error.message : String(error));
    throw error;
  } finally {
    printer.end();
    interrupted.stop();
  }
}

async function watch<O>(operation: OperationHandle<O>, printer: ProgressPrinter, ended: () => boolean): Promise<void> {
  const startedAt = Date.now();
  while (!ended()) {
    await look(operation, printer);
    if (!ended()) await delay(Date.now() - startedAt < LONG_AFTER_MS ? POLL_MS : LONG_POLL_MS);
  }
}

/** The query fails while no worker answers; the operation goes on, and so does the watching. */
async function look<O>(operation: OperationHandle<O>, printer: ProgressPrinter): Promise<void> {
  const progress = await operation.progress().catch(() => null);
  if (progress !== null) printer.show(progress);
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
