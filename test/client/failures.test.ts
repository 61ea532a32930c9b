import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WorkflowFailedError } from '@temporalio/client';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  RetryState,
  TerminatedFailure,
  TimeoutFailure,
} from '@temporalio/common';
import { fromWorkflowFailure } from '../../client/failures.js';
import { EverbrokerError } from '../../core/failure.js';

function asCaller(cause: Error): EverbrokerError {
  const error = fromWorkflowFailure(
    new WorkflowFailedError('Workflow execution failed', cause, RetryState.NON_RETRYABLE_FAILURE),
  );
  assert.ok(error instanceof EverbrokerError, String(error));
  return error;
}

const activityFailure = (cause: Error): ActivityFailure =>
  new ActivityFailure('Activity task failed', 'startNode', '7', RetryState.MAXIMUM_ATTEMPTS_REACHED, 'worker', cause);

describe('a failed workflow', () => {
  test('is the error of its innermost reason, with type, message and details', () => {
    const inner = ApplicationFailure.create({ type: 'PortTaken', message: 'port 61616', details: [{ port: 61616 }] });
    const error = asCaller(activityFailure(inner));
    assert.equal(error.type, 'PortTaken');
    assert.equal(error.message, 'port 61616');
    assert.deepEqual(error.details, { port: 61616 });
  });

  test('says which activity timed out, and how', () => {
    const error = asCaller(activityFailure(new TimeoutFailure('activity Heartbeat timeout', undefined, 'HEARTBEAT')));
    assert.equal(error.type, 'CommandTimedOut');
    assert.equal(error.message, 'startNode timed out (heartbeat)');
  });

  test('says that the operation itself timed out where no activity did', () => {
    const error = asCaller(new TimeoutFailure('timed out', undefined, 'START_TO_CLOSE'));
    assert.equal(error.message, 'the operation timed out (start-to-close)');
  });

  test('was aborted when it was cancelled or terminated', () => {
    assert.equal(asCaller(new CancelledFailure('Workflow cancelled')).type, 'Aborted');
    assert.equal(asCaller(new TerminatedFailure('by hand')).message, 'the operation was terminated');
  });

  test('of a type that is not in the table is passed on as it is', () => {
    const failure = ApplicationFailure.create({ type: 'Novelty', message: 'new' });
    const wrapped = new WorkflowFailedError('failed', failure, RetryState.NON_RETRYABLE_FAILURE);
    assert.equal(fromWorkflowFailure(wrapped), failure);
    const other = new Error('the server does not answer');
    assert.equal(fromWorkflowFailure(other), other);
  });
});
