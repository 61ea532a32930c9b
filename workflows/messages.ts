/** Queries, updates and signals of the operations. The UI sends one JSON object with each. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Progress } from '../core/progress.js';

export interface StepChoice {
  /** Id of the waiting step; may be left out while only one waits. */
  step?: string;
}

export const progressQuery = defineQuery<Progress>('progress');
export const pauseUpdate = defineUpdate<Progress, [unknown?]>('pause');
export const resumeUpdate = defineUpdate<Progress, [unknown?]>('resume');
export const retryStepUpdate = defineUpdate<Progress, [StepChoice?]>('retryStep');
export const skipStepUpdate = defineUpdate<Progress, [StepChoice?]>('skipStep');
export const abortUpdate = defineUpdate<Progress, [unknown?]>('abort');

/** Sent by an operation to its holder when it is done with the cluster. */
export const releaseSignal = defineSignal('release');
