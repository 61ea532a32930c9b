/** How often is looked while a drill waits: often at first, and ever less often the more of its history is used up. */
import { workflowInfo } from '@temporalio/workflow';

/** More than this of either ends a workflow, with nobody left to heal. A look is some thirty events. */
const MOST_EVENTS = 51_200;
const MOST_BYTES = 50 * 1024 * 1024;
/** Of it, until which nothing is slowed down: a hold of three minutes. */
const FREELY = 0.05;
/** Of it, from which on nothing more is begun. */
const NEARLY_FULL = 0.8;

function used(): number {
  const { historyLength, historySize } = workflowInfo();
  return Math.max(historyLength / MOST_EVENTS, historySize / MOST_BYTES);
}

/** @param ms Between two looks while there is room: an hour of them two seconds apart would fill a history. */
export const paced = (ms: number): number => Math.round(ms * Math.max(1, (used() / FREELY) ** 2));

export const isNearlyFull = (): boolean => used() > NEARLY_FULL;
