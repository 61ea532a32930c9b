/**
 * Drills and verifications by Temporal Schedules: plain ones, so that the UI shows, pauses and triggers them too.
 *
 * ```ts
 * await everbroker.schedules.create({ cluster: 'ha-6', scenario: 'kill-master', cron: '0 3 * * *', timeZone: 'Europe/Berlin' });
 * ```
 */
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
  type ScheduleOptionsStartWorkflowAction,
} from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { drillInput, verifyInput } from '../core/contract.js';
import { EverbrokerError } from '../core/failure.js';
import { scheduleId, SCHEDULE_PREFIX } from '../core/naming.js';

export interface ScheduleInput {
  /** Name of a deployed cluster; or a topology, as drills take it. */
  cluster?: string;
  topology?: string | Record<string, unknown>;
  /** Scenario of the drill; absent: verify, and look for drift. */
  scenario?: string | Record<string, unknown>;
  /** Five fields, e.g. `0 3 * * *`. */
  cron: string;
  /** IANA name; default `UTC`. */
  timeZone?: string;
  /** Starts at random within so many minutes after its time; default 0. */
  jitterMinutes?: number;
  /** A start that was missed by more than this (the server was down) is left out; default 5. */
  catchupMinutes?: number;
  /** Default made of cluster and scenario. */
  id?: string;
  note?: string;
}

export interface ScheduleFacts {
  id: string;
  cluster: string;
  /** Name of the scenario, or `verify`. */
  what: string;
  cron: string;
  timeZone: string;
  paused: boolean;
  note: string | null;
  /** ISO times. */
  next: string | null;
  last: string | null;
}

export type Upsert = 'created' | 'updated' | 'unchanged';

const MINUTE_MS = 60_000;
const memoSchema = z.object({ cluster: z.string(), what: z.string(), cron: z.string(), timeZone: z.string() });

export class Schedules {
  private readonly client: Client;
  private readonly taskQueue: string;

  constructor(client: Client, taskQueue: string) {
    this.client = client;
    this.taskQueue = taskQueue;
  }

  /**
   * Makes the schedule, or makes the one of that id be as asked for; whether it is paused stays.
   * @throws EverbrokerError InvalidInput with everything that is wrong.
   */
  async create(input: ScheduleInput): Promise<{ id: string; outcome: Upsert }> {
    const options = optionsOf(input, this.taskQueue);
    const id = options.scheduleId;
    try {
      await this.client.schedule.create(options).catch((error: unknown) => {
        throw refusedSpec(error, input);
      });
      return { id, outcome: 'created' };
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    }
    const handle = this.client.schedule.getHandle(id);
    const before = await handle.describe();
    const { paused, note } = before.state;
    await handle
      .update(() => ({ ...options, state: { paused, note: input.note ?? note } }))
      .catch((error: unknown) => {
        throw refusedSpec(error, input);
      });
    const after = await handle.describe();
    const same =
      isDeepStrictEqual(before.spec, after.spec) &&
      isDeepStrictEqual(before.action, after.action) &&
      isDeepStrictEqual(before.policies, after.policies);
    return { id, outcome: same ? 'unchanged' : 'updated' };
  }

  /** Everbroker's own, by id. */
  async list(cluster?: string): Promise<ScheduleFacts[]> {
    const found: ScheduleFacts[] = [];
    for await (const summary of this.client.schedule.list()) {
      const memo = memoSchema.safeParse(summary.memo ?? {});
      if (!summary.scheduleId.startsWith(SCHEDULE_PREFIX) || !memo.success) continue;
      if (cluster !== undefined && memo.data.cluster !== cluster) continue;
      found.push({
        id: summary.scheduleId,
        ...memo.data,
        paused: summary.state.paused,
        note: summary.state.note ?? null,
        next: summary.info.nextActionTimes[0]?.toISOString() ?? null,
        last: summary.info.recentActions.at(-1)?.takenAt.toISOString() ?? null,
      });
    }
    return found.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  pause(id: string, note = 'paused by hand'): Promise<void> {
    return known(id, this.client.schedule.getHandle(id).pause(note));
  }

  resume(id: string, note = 'resumed by hand'): Promise<void> {
    return known(id, this.client.schedule.getHandle(id).unpause(note));
  }

  /** Starts it now, once; a drill that runs is not joined by a second one. */
  trigger(id: string): Promise<void> {
    return known(id, this.client.schedule.getHandle(id).trigger(ScheduleOverlapPolicy.SKIP));
  }

  delete(id: string): Promise<void> {
    return known(id, this.client.schedule.getHandle(id).delete());
  }
}

function optionsOf(
  input: ScheduleInput,
  taskQueue: string,
): ScheduleOptions<ScheduleOptionsStartWorkflowAction<Workflow>> {
  insist(input);
  const { cluster, topology, scenario, cron, timeZone = 'UTC', jitterMinutes = 0, catchupMinutes = 5 } = input;
  const name = cluster ?? nameIn(topology);
  const what = scenario === undefined ? 'verify' : nameIn(scenario);
  const id =
    input.id === undefined ? scheduleId(name, what) : `${SCHEDULE_PREFIX}${input.id.replace(SCHEDULE_PREFIX, '')}`;
  const about = cluster === undefined ? { topology } : { cluster };
  return {
    scheduleId: id,
    spec: { cronExpressions: [cron], timezone: timeZone, jitter: jitterMinutes * MINUTE_MS },
    policies: {
      overlap: ScheduleOverlapPolicy.SKIP,
      catchupWindow: catchupMinutes * MINUTE_MS,
      pauseOnFailure: true,
    },
    action: {
      type: 'startWorkflow',
      workflowType: scenario === undefined ? 'verifyCluster' : 'runDrill',
      workflowId: `${scenario === undefined ? 'verify' : 'drill'}-${name}-${what}`,
      taskQueue,
      args: [scenario === undefined ? { ...about, notify: true } : { ...about, scenario }],
      staticSummary: scenario === undefined ? `verify ${name} on schedule` : `drill ${what} on ${name} on schedule`,
    },
    memo: { cluster: name, what, cron, timeZone },
    state: { paused: false, ...(input.note === undefined ? {} : { note: input.note }) },
  };
}

/** Everything that can be known to be wrong before the server is asked. */
function insist(input: ScheduleInput): void {
  const { cluster, topology, scenario, timeZone = 'UTC', jitterMinutes = 0, catchupMinutes = 5 } = input;
  const about = { ...(cluster === undefined ? {} : { cluster }), ...(topology === undefined ? {} : { topology }) };
  const schema = scenario === undefined ? verifyInput : drillInput;
  const parsed = schema.safeParse(scenario === undefined ? about : { ...about, scenario });
  const problems = parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'input'}: ${message}`);
  if ((cluster === undefined) === (topology === undefined))
    problems.push('cluster: give either a cluster or a topology');
  if (!isTimeZone(timeZone))
    problems.push(`timeZone: ${timeZone} is no time zone that is known here, such as Europe/Berlin`);
  if (!(jitterMinutes >= 0 && jitterMinutes <= 1440)) problems.push('jitterMinutes: must be from 0 to 1440');
  if (!(catchupMinutes >= 1 && catchupMinutes <= 1440)) problems.push('catchupMinutes: must be from 1 to 1440');
  if (problems.length > 0)
    throw new EverbrokerError('InvalidInput', `the schedule:\n  ${problems.join('\n  ')}`, { problems });
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function nameIn(value: string | Record<string, unknown> | undefined): string {
  if (typeof value === 'string') return value;
  const name = value?.['name'];
  return typeof name === 'string' ? name : 'unnamed';
}

/** The server alone knows what it takes for a cron expression; the client turns its refusal into a TypeError. */
function refusedSpec(error: unknown, { cron }: ScheduleInput): unknown {
  if (!(error instanceof TypeError)) return error;
  return new EverbrokerError('InvalidInput', `the schedule:\n  cron: ${JSON.stringify(cron)}: ${error.message}`, {
    cron,
  });
}

async function known(id: string, deed: Promise<unknown>): Promise<void> {
  try {
    await deed;
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    throw new EverbrokerError('InvalidInput', `there is no schedule ${id}; \`everbroker schedule list\` shows them`);
  }
}
