import type { FailureType } from '../core/failure.js';
import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  TemporalFailure,
  TimeoutFailure,
} from '@temporalio/workflow';

/** The reason of a failure without Temporal's wrapping: what a person wants to read. */
export function failureText(error: unknown): string {
  const cause = rootFailure(error);
  if (cause instanceof TimeoutFailure)
    return `timed out (${cause.timeoutType}): the worker or the host did not answer in time`;
  return cause instanceof Error ? cause.message : String(cause);
}

/** The type of the ApplicationFailure inside, if there is one. */
export function failureType(error: unknown): string | undefined {
  const cause = rootFailure(error);
  return cause instanceof ApplicationFailure ? (cause.type ?? undefined) : undefined;
}

export function rootFailure(error: unknown): unknown {
  let current = error;
  while (
    (current instanceof ActivityFailure || current instanceof ChildWorkflowFailure) &&
    current.cause !== undefined
  ) {
    current = current.cause;
  }
  return current;
}

/** Rethrows the inside of an activity's failure as the workflow's own, so that the UI's result pane shows it first. */
export function asWorkflowFailure(error: unknown): unknown {
  const cause = rootFailure(error);
  if (cause instanceof ApplicationFailure) {
    return ApplicationFailure.create({
      message: cause.message,
      type: cause.type ?? 'CommandFailed',
      nonRetryable: true,
      details: cause.details ?? [],
    });
  }
  // Temporal's own words name the wrapping, not the reason.
  if (cause instanceof TimeoutFailure) return stepFailure('CommandTimedOut', failureText(error));
  return error instanceof TemporalFailure ? error : cause;
}

/** A failure that the workflow itself finds. */
export function stepFailure(type: FailureType, message: string): ApplicationFailure {
  return ApplicationFailure.create({ type, nonRetryable: true, message });
}
