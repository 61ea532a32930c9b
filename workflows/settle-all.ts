/** Branches that go on side by side, and their failures as one. */
import { ApplicationFailure, CancellationScope, isCancellation } from '@temporalio/workflow';
import { failureText, failureType } from './failure-text.js';

/** Lets every branch come to its own end before the failures of all are thrown as one. */
export async function settleAll(branches: readonly Promise<unknown>[]): Promise<void> {
  const ended = await Promise.allSettled(branches);
  const errors = ended.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []));
  const cancelled = errors.find((error) => isCancellation(error));
  if (cancelled !== undefined) throw cancelled;
  // A branch that waited for one that failed has failed as it did: that is one failure.
  const causes = new Set(errors.flatMap((error) => (error instanceof JoinedFailure ? error.joined : [error])));
  if (causes.size > 0) throw joinFailures([...causes]);
  if (CancellationScope.current().consideredCancelled) await CancellationScope.current().cancelRequested;
}

/** Several failures as one; kept apart, so that joining again repeats none. */
class JoinedFailure extends ApplicationFailure {
  readonly joined: readonly unknown[];

  constructor(message: string, type: string, joined: readonly unknown[]) {
    super(message, type, true);
    this.joined = joined;
  }
}

function joinFailures(errors: readonly unknown[]): unknown {
  const texts = [...new Set(errors.map((error) => failureText(error)))];
  const types = [...new Set(errors.map((error) => failureType(error)))];
  if (texts.length === 1) return errors[0];
  const message = `${texts.length} things failed:\n${texts.join('\n')}`;
  return new JoinedFailure(message, (types.length === 1 ? types[0] : undefined) ?? 'CommandFailed', errors);
}
