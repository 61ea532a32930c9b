/** What every activity has around it: heartbeats while it works, cancellation, and failures in Temporal's terms. */
import { ApplicationFailureCategory } from '@temporalio/common';
import { ApplicationFailure, cancellationSignal, heartbeat } from '@temporalio/activity';
import { EverbrokerError, FAILURES } from '../core/failure.js';

/**
 * A beat a second: the profiles notice a lost worker after ten. It goes on by itself, because most activities wait
 * for one command on a host, which has its own timeout.
 */
const BEAT_MS = 1000;

type Work<I, O> = (input: I, signal: AbortSignal) => Promise<O>;

/** Turns a function of our own into an activity. */
export function activity<I, O>(work: Work<I, O>): (input: I) => Promise<O> {
  return async (input) => {
    const beat = setInterval(() => heartbeat(), BEAT_MS);
    try {
      return await work(input, cancellationSignal());
    } catch (error) {
      throw toFailure(error);
    } finally {
      clearInterval(beat);
    }
  };
}

/** The one place where our errors become Temporal's. Others pass: Temporal retries them as what they are. */
export function toFailure(error: unknown): unknown {
  if (!(error instanceof EverbrokerError)) return error;
  const kind = FAILURES[error.type];
  return ApplicationFailure.create({
    type: error.type,
    message: `${error.message}\n→ ${kind.hint}`,
    nonRetryable: !kind.retryable,
    details: [error.details],
    ...(kind.fault === 'user' ? { category: ApplicationFailureCategory.BENIGN } : {}),
    cause: error,
  });
}
