/** What every operation records of itself: search attributes from start to verdict, and a failure that reads well. */
import { isCancellation, upsertSearchAttributes } from '@temporalio/workflow';
import { asWorkflowFailure, failureText } from './failure-text.js';
import type { Operation } from './operation.js';
import { cluster, operation as operationAttribute, verdict } from './search-attributes.js';

export interface Record {
  cluster(name: string): void;
  verdict(verdict: string): void;
}

/** The attributes are set at the start too: the UI's "start like this one" copies those of an older run. */
export async function recorded<T>(operation: Operation, body: (record: Record) => Promise<T>): Promise<T> {
  upsertSearchAttributes([
    { key: operationAttribute, value: operation.progress.operation },
    { key: verdict, value: 'running' },
  ]);
  try {
    return await body({
      cluster: (name) => upsertSearchAttributes([{ key: cluster, value: name }]),
      verdict: (value) => upsertSearchAttributes([{ key: verdict, value }]),
    });
  } catch (error) {
    const cancelled = isCancellation(error);
    upsertSearchAttributes([{ key: verdict, value: cancelled ? 'cancelled' : 'failed' }]);
    operation.phase(cancelled ? 'cancelled' : `failed: ${failureText(error)}`);
    throw cancelled ? error : asWorkflowFailure(error);
  }
}
