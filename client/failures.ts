/** A failed workflow as the error that its caller understands: the type, message and details of the failure inside. */
import { WorkflowFailedError } from '@temporalio/client';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
} from '@temporalio/common';
import { EverbrokerError, FAILURES, type FailureType } from '../core/failure.js';

export function fromWorkflowFailure(error: unknown): unknown {
  if (!(error instanceof WorkflowFailedError)) return error;
  const cause = innermost(error.cause);
  if (cause instanceof ApplicationFailure) return fromApplicationFailure(cause);
  if (cause instanceof CancelledFailure)
    return new EverbrokerError('Aborted', 'the operation was cancelled', {}, { cause });
  if (cause instanceof TerminatedFailure)
    return new EverbrokerError('Aborted', 'the operation was terminated', {}, { cause });
  if (cause instanceof TimeoutFailure)
    return new EverbrokerError('CommandTimedOut', timeoutText(error.cause, cause), {}, { cause });
  return error;
}

/** Which activity it was, where it was one: the operation as a whole has no timeout unless its starter set one. */
function timeoutText(outer: unknown, timeout: TimeoutFailure): string {
  const kind = (timeout.timeoutType ?? 'unknown').toLowerCase().replaceAll('_', '-');
  for (let current = outer; current instanceof Error; current = current.cause)
    if (current instanceof ActivityFailure) return `${current.activityType} timed out (${kind})`;
  return `the operation timed out (${kind})`;
}

function fromApplicationFailure(failure: ApplicationFailure): unknown {
  if (!isFailureType(failure.type)) return failure;
  const [details] = failure.details ?? [];
  const facts = typeof details === 'object' && details !== null ? { ...details } : {};
  return new EverbrokerError(failure.type, failure.message, facts, { cause: failure });
}

const isFailureType = (type: string | null | undefined): type is FailureType =>
  typeof type === 'string' && Object.hasOwn(FAILURES, type);

function innermost(error: unknown): unknown {
  let current = error;
  while (current instanceof Error && !(current instanceof ApplicationFailure) && current.cause !== undefined)
    current = current.cause;
  return current;
}
