/** Timeouts and retries of the activities, each number with its reason. */
import type { Duration } from '@temporalio/common';
import type { ActivityOptions } from '@temporalio/workflow';
import type { StepKind } from '../core/plan/step.js';

/**
 * A worker that was killed is noticed after this long without a heartbeat. Activities beat every second; ten leaves
 * room for a machine whose cores all start JVMs.
 */
const HEARTBEAT = '10 seconds';

/** A cancelled step's command is killed on its host first: what is released after it must find nobody at work. */
const cancellationType = 'WAIT_CANCELLATION_COMPLETED';

/**
 * Four attempts by the server: two lost workers and one passing fault are survived without anybody noticing. More
 * would hide a real fault, which the operation shows (`onFailure: wait`) or ends with.
 */
const RETRY = {
  maximumAttempts: 4,
  initialInterval: '500 milliseconds',
  backoffCoefficient: 2,
  maximumInterval: '5 seconds',
} as const;

/** The common shape; what differs from profile to profile is how long one attempt may take. */
const within = (startToCloseTimeout: Duration): ActivityOptions => ({
  startToCloseTimeout,
  heartbeatTimeout: HEARTBEAT,
  retry: RETRY,
  cancellationType,
});

/** A look or a few commands on a host that answers: a second at most, thirty on a machine under load. */
export const quick: ActivityOptions = within('60 seconds');

/** Downloads and unpacking: 60 MB over a slow line, or a package manager that updates its lists. */
export const slowInstall: ActivityOptions = within('20 minutes');

/** A broker that starts: seconds, or minutes where KahaDB rebuilds its index (12.5 s for 637 k entries measured). */
export const brokerStart: ActivityOptions = within('10 minutes');

/** Brokers of a machine stop side by side, 20 s each at most; stores of many gigabytes take a while to delete. */
export const clearing: ActivityOptions = within('5 minutes');

/** Messages through every route: bounded by the probe itself (60 s), retried once or twice while a bridge settles. */
export const proof: ActivityOptions = within('3 minutes');

/** Runs as long as the operation and ends by its release; a lost worker must not end the claim, so it is retried for ever. */
export const keeper: ActivityOptions = {
  startToCloseTimeout: '30 days',
  heartbeatTimeout: HEARTBEAT,
  // One that the release cannot reach fails by itself, for its lease is given back; to wait for its next heartbeat would
  // cost the operation a second.
  cancellationType: 'TRY_CANCEL',
  retry: { initialInterval: '200 milliseconds', maximumInterval: '2 seconds' },
};

/**
 * Waits for a claim whose owner may be dead: the lease of 15 s must run out before it is taken over.
 * The wait is one attempt, so the timeout is above the lease.
 */
export const claiming: ActivityOptions = within('2 minutes');

/** A fault that is done, or a load that is started: seconds, of which a loaded machine makes a minute. */
export const injecting: ActivityOptions = within('2 minutes');

/** Healing never gives up early: a quarter of an hour of a host that cannot be reached. Its own timer heals it meanwhile. */
export const healing: ActivityOptions = {
  startToCloseTimeout: '60 seconds',
  scheduleToCloseTimeout: '15 minutes',
  heartbeatTimeout: HEARTBEAT,
  retry: { initialInterval: '500 milliseconds', maximumInterval: '5 seconds' },
  cancellationType,
};

/** Consumers take a backlog; record files come over the line. */
export const draining: ActivityOptions = within('10 minutes');

/** A webhook that is away for some minutes still hears of it; a drill does not wait longer to end. */
export const notifying: ActivityOptions = {
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '10 minutes',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
  cancellationType,
};

export const PROFILES: Record<Exclude<StepKind, 'verifyRoles' | 'proveLock'>, ActivityOptions> = {
  createNetwork: quick,
  createContainer: quick,
  prepareHost: quick,
  installJava: slowInstall,
  installActiveMQ: slowInstall,
  installService: slowInstall,
  shareSecrets: quick,
  startService: brokerStart,
  checkStore: quick,
  configureNode: quick,
  stopNode: quick,
  startNode: brokerStart,
  removeNode: quick,
  proveMessages: proof,
  makeClassData: proof,
  removeContainer: quick,
  removeNetwork: quick,
  removeVolume: quick,
  clearHost: clearing,
  clearData: clearing,
};
