/** A failed workflow as the error that its caller understands: the type, message and details of the failure inside. */
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
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
    return new EverbrokerError('CommandTimedOut', 'the operation timed out', {}, { cause });
  return error;
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
