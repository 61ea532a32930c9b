/** Scenes on a server whose time jumps to the next timer. */
import assert from 'node:assert/strict';
import { activityInfo } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { EverbrokerError, type FailureType } from '../../core/failure.js';
import { skippingTemporal } from './temporal-server.js';
import { Scene, type SceneOptions } from './workflow-env.js';

type Handle = Pick<WorkflowHandle, 'fetchHistory' | 'describe'>;

/** So many failures in a row. */
export const times = (count: number, type: FailureType, message: string): EverbrokerError[] =>
  Array.from({ length: count }, () => new EverbrokerError(type, message));

export interface Skipping {
  scene: Scene;
  environment: TestWorkflowEnvironment;
  /** Lets seconds pass while one activity works, which else holds the time. */
  pass(seconds: number): Promise<void>;
}

/**
 * A scene whose keeper does not hold the time. Its server is its own unless one is given: attempts that timed out and
 * workflows that were terminated hold the time of a server for ever.
 */
export async function skipping(options: SceneOptions, run: (skipping: Skipping) => Promise<void>): Promise<void> {
  const environment = options.environment ?? (await skippingTemporal());
  const scene = await Scene.make({ taskQueue: 'skipping', ...options, environment });
  scene.fake.keeperRests = true;
  scene.fake.clock = () => activityInfo().currentAttemptScheduledTimestampMs;
  const { testService } = environment.connection;
  assert.ok(testService);
  const pass = async (seconds: number): Promise<void> => {
    await testService.unlockTimeSkipping({});
    await environment.sleep(seconds * 1000);
    await testService.lockTimeSkipping({});
  };
  const worker = await scene.worker();
  await worker.runUntil(run({ scene, environment, pass }));
}

/** Seconds that the timers of a workflow took, in order. */
export async function timers(handle: Handle): Promise<number[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ timerStartedEventAttributes: timer }) =>
    timer ? [Number(timer.startToFireTimeout?.seconds) + Number(timer.startToFireTimeout?.nanos ?? 0) / 1e9] : [],
  );
}

/** Seconds from the start to the end of a workflow, by the server's clock. */
export async function lasted(handle: Handle): Promise<number> {
  const { startTime, closeTime } = await handle.describe();
  return (Number(closeTime) - Number(startTime)) / 1000;
}
