import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cancellationSignal } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { activity, toFailure } from '../../activities/run-activity.js';
import { EverbrokerError, FAILURES, type FailureType } from '../../core/failure.js';

describe('an activity', () => {
  test('hands on its input, its result and its cancellation', async () => {
    const environment = new MockActivityEnvironment();
    const seen = await environment.run(
      activity(async (input: { n: number }, signal) => {
        assert.equal(signal, cancellationSignal());
        return Promise.resolve(input.n + 1);
      }),
      { n: 1 },
    );
    assert.equal(seen, 2);
  });

  test('shows that it is alive while it waits, and no longer', async () => {
    const environment = new MockActivityEnvironment();
    const beat = new Promise((resolve) => environment.once('heartbeat', resolve));
    await environment.run(
      activity(() => beat),
      null,
    );
  });

  test('ends with a failure that Temporal knows', async () => {
    const environment = new MockActivityEnvironment();
    const failing = activity(() => Promise.reject(new EverbrokerError('PortTaken', 'port 1 is taken', { port: 1 })));
    await assert.rejects(environment.run(failing, null), (error: unknown) => {
      assert.ok(error instanceof ApplicationFailure);
      assert.equal(error.type, 'PortTaken');
      return true;
    });
  });
});

describe('a failure', () => {
  for (const type of Object.keys(FAILURES) as FailureType[]) {
    test(`${type} carries its type, hint, details, and whether to try again`, () => {
      const failure = toFailure(new EverbrokerError(type, 'what happened', { host: 'h1' }));
      assert.ok(failure instanceof ApplicationFailure);
      assert.equal(failure.type, type);
      assert.equal(failure.nonRetryable, !FAILURES[type].retryable);
      assert.equal(failure.message, `what happened\n→ ${FAILURES[type].hint}`);
      assert.deepEqual(failure.details, [{ host: 'h1' }]);
      const isUsers = FAILURES[type].fault === 'user';
      assert.equal(failure.category === ApplicationFailureCategory.BENIGN, isUsers);
    });
  }

  test('of another kind stays what it is', () => {
    const error = new RangeError('a mistake');
    assert.equal(toFailure(error), error);
  });
});
