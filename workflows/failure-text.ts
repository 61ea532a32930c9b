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
  if (cause instanceof TimeoutFailure) return timeoutText(error, cause);
  return cause instanceof Error ? cause.message : String(cause);
}

const TIMEOUTS: Partial<Record<string, string>> = {
  HEARTBEAT: 'its worker was lost, and no other finished it; see the worker’s log',
  START_TO_CLOSE: 'it took longer than it may; see the load of the host',
  SCHEDULE_TO_START: 'no worker took it; see whether one runs for its task queue',
};

function timeoutText(error: unknown, timeout: TimeoutFailure): string {
  const what = error instanceof ActivityFailure ? `${error.activityType} ` : '';
  const timeoutType: string = timeout.timeoutType ?? 'UNKNOWN';
  const kind = timeoutType.toLowerCase().replaceAll('_', '-');
  return `${what}timed out (${kind}): ${TIMEOUTS[timeoutType] ?? 'the worker or the host did not answer in time'}`;
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
export function stepFailure(type: FailureType, message: string, details: unknown[] = []): ApplicationFailure {
  return ApplicationFailure.create({ type, nonRetryable: true, message, details });
}
