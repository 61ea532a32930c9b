/** What a command tells of the operation that it has started. */
import type { OperationHandle } from '../everbroker.js';
import type { Session } from '../session.js';
import type { Terminal } from '../terminal.js';

export interface Started {
  workflowId: string;
  runId: string | undefined;
  ui: string | null;
}

export function startedOf<O>({ workflowId, runId }: OperationHandle<O>, session: Session): Started {
  return { workflowId, runId, ui: session.link.uiUrl(workflowId, runId) };
}

/** Where it can be watched. */
export function tellStarted({ workflowId, ui }: Started, terminal: Terminal): void {
  if (ui !== null) terminal.line(`workflow ${workflowId}: ${ui}`);
}

/** The result of a command that does not wait for the operation's. */
export function tellDetached(started: Started, terminal: Terminal): void {
  tellStarted(started, terminal);
  terminal.result(`started ${started.workflowId}`, started);
}
