/** Follows an operation to its end: progress as it comes, one Ctrl-C cancels it, a second one leaves it alone. */
import type { OperationHandle } from './everbroker.js';
import { ProgressPrinter, type Terminal } from './terminal.js';

/** Often enough to look live; a query costs the worker about a millisecond. */
const POLL_MS = 200;

export async function follow<O>(operation: OperationHandle<O>, terminal: Terminal): Promise<O> {
  const printer = new ProgressPrinter(terminal.json);
  let ended = false;
  const result = operation.result().finally(() => (ended = true));
  const interrupted = onInterrupt(operation, terminal);
  const watching = watch(operation, printer, () => ended);
  try {
    return await result;
  } finally {
    await watching;
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
    if (!ended()) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  await look();
  printer.end();
}

function onInterrupt<O>(operation: OperationHandle<O>, terminal: Terminal): { stop: () => void } {
  let asked = false;
  const handler = (): void => {
    if (asked) process.exit(130);
    asked = true;
    terminal.line(`\ncancelling ${operation.workflowId} at the next clean point (once more: leave it running)`);
    operation.cancel().catch((error: unknown) => terminal.line(String(error)));
  };
  process.on('SIGINT', handler);
  return { stop: () => process.off('SIGINT', handler) };
}
