/** What a command tells of the operation that it has started. */
import type { OperationHandle } from '../everbroker.js';
import type { Session } from '../session.js';
import type { Terminal } from '../terminal.js';

export interface Started {
  workflowId: string;
  runId: string | undefined;
  ui: string | null;
}

/** Tells where it can be watched; with `detach` that is the command's result. */
export function tellStarted<O>(
  operation: OperationHandle<O>,
  { session, terminal, detach = false }: { session: Session; terminal: Terminal; detach?: boolean | undefined },
): Started {
  const { workflowId, runId } = operation;
  const ui = session.link.uiUrl(workflowId, runId);
  if (ui !== null) terminal.line(`workflow ${workflowId}: ${ui}`);
  const started = { workflowId, runId, ui };
  if (detach) terminal.result(`started ${workflowId}`, started);
  return started;
}
