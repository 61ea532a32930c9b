/** What the JMS probe is asked and what it answers. Pure: request lines, parsing of the answer's lines. */
import { z } from 'zod';
import { PROBE_QUEUE_PREFIX } from './naming.js';

/** A message test between two brokers, or from one to itself. URLs come from `probeUrl`. */
export interface RouteTask {
  task: 'route';
  name: string;
  queue: string;
  from: string;
  to: string;
  count: number;
  /** Characters of each message's body. */
  size?: number;
  timeoutMs: number;
  /** Empty and delete the queue at both ends afterwards. */
  cleanup?: boolean;
}

/** Leaves `count` acknowledged messages in a queue. */
export interface ProduceTask {
  task: 'produce';
  name: string;
  queue: string;
  from: string;
  count: number;
  size?: number;
  timeoutMs: number;
}

/** Takes out all that a queue holds, until nothing came for `idleMs`. */
export interface DrainTask {
  task: 'drain';
  name: string;
  queue: string;
  to: string;
  timeoutMs: number;
  idleMs?: number;
  cleanup?: boolean;
}

/** Whether the broker takes the login (or none at all). */
export interface LoginTask {
  task: 'login';
  name: string;
  from: string;
  timeoutMs: number;
  anonymous?: boolean;
  /** Another user than the probe's own. */
  user?: string;
}

export type ProbeTask = RouteTask | ProduceTask | DrainTask | LoginTask;

export interface ProbeRequest {
  /** Marks this run's messages, so that others' are told apart. */
  run: string;
  user: string;
  tasks: ProbeTask[];
}

/** What the probe may take beyond its longest task: the start of its JVM, closing, draining and deleting. */
const AFTER_TASKS_MS = 15_000;
/** Reconnect pause of `probeUrl`, ms; a slave takes over in about as much. */
const RECONNECT_MS = 500;

/** By when the probe itself gives up, whatever its tasks do. */
export const probeDeadlineMs = (request: ProbeRequest): number =>
  Math.max(...request.tasks.map((task) => task.timeoutMs)) + AFTER_TASKS_MS;

/**
 * URL of a group for the probe: tries its nodes in turn, and gives up in about the given time.
 * `timeout` bounds the sends of a lost connection and `startupMaxReconnectAttempts` the first one; without the second
 * a dead group is retried for ever.
 */
export function probeUrl(addresses: readonly { address: string; port: number }[], timeoutMs: number): string {
  const nodes = addresses.map(({ address, port }) => `tcp://${address}:${port}`).join(',');
  const options = {
    randomize: 'false',
    initialReconnectDelay: '50',
    maxReconnectDelay: String(RECONNECT_MS),
    timeout: String(timeoutMs),
    // the first few pauses are shorter than the longest one
    startupMaxReconnectAttempts: String(Math.ceil(timeoutMs / RECONNECT_MS) + 3),
    // a host that drops packets would otherwise take 30 s
    'nested.connectionTimeout': String(Math.min(timeoutMs, 3_000)),
  };
  const query = Object.entries(options).map(([key, value]) => `${key}=${value}`);
  return `failover:(${nodes})?${query.join('&')}`;
}

/**
 * The request as the probe reads it. The password is not in it: its line is put before on the host.
 * @throws RangeError when a value cannot be one line, or a queue is not the probe's: mistakes of the caller.
 */
export function requestText(request: ProbeRequest): string {
  const shared = { run: request.run, user: request.user, deadlineMs: probeDeadlineMs(request) };
  const sections = request.tasks.flatMap((task) => {
    if ('queue' in task && !task.queue.startsWith(PROBE_QUEUE_PREFIX)) throw new RangeError(`queue ${task.queue}`);
    const { task: kind, ...rest } = task;
    return [`task=${kind}`, ...lines(rest)];
  });
  return [...lines(shared), ...sections, ''].join('\n');
}

const lines = (values: object): string[] =>
  Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => oneLine(`${key}=${String(value)}`));

/** A value with a line break would be a key of its own. */
export function oneLine(line: string): string {
  if (/[\r\n\0]/.test(line)) throw new RangeError(`a line break in ${line.split('=')[0]}`);
  return line;
}

const probeError = z.object({ where: z.string(), class: z.string(), message: z.string(), count: z.number() });
const count = z.int().nonnegative();
const moment = z.number().nullable();

const sent = { asked: count, acknowledged: count, failed: count, unknown: count, unsent: count };
const sentTimes = { firstSentAt: moment, lastSentAt: moment, longestSendMs: z.number() };
const received = { received: count, duplicated: count, unexpected: count };
const receivedTimes = { firstReceivedAt: moment, lastReceivedAt: moment };

const common = { name: z.string(), errors: z.array(probeError) };
/**
 * complete: everything asked for happened. incomplete: the counts say what did not. refused: the broker said no to the
 * login or to a right. unreachable: no broker answered in time. failed: the probe itself has a fault.
 */
const messagesOutcome = z.enum(['complete', 'incomplete', 'refused', 'unreachable']);

const routeReport = z.object({
  task: z.literal('route'),
  outcome: messagesOutcome,
  ...common,
  ...sent,
  ...sentTimes,
  ...received,
  ...receivedTimes,
  /** Of the unknown ones, those that arrived. */
  recovered: count,
  /** Acknowledged and not received; `stuck` of them were found in a queue by the cleanup, `lost` were not. */
  missing: count,
  missingIds: z.string(),
  stuck: count,
  lost: count,
  /** `deleted`, or why not. Absent when not asked for. */
  cleanupFrom: z.string().optional(),
  cleanupTo: z.string().optional(),
});
const produceReport = z.object({
  task: z.literal('produce'),
  outcome: messagesOutcome,
  ...common,
  ...sent,
  ...sentTimes,
  /** Ranges: `0-99,101`. */
  acknowledgedIds: z.string(),
  unknownIds: z.string(),
});
const drainReport = z.object({
  task: z.literal('drain'),
  outcome: messagesOutcome,
  ...common,
  ...received,
  ...receivedTimes,
  receivedIds: z.string(),
  cleanupTo: z.string().nullable(),
});
const loginReport = z.object({
  task: z.literal('login'),
  outcome: z.enum(['ok', 'refused', 'unreachable']),
  ...common,
});
const broken = {
  task: z.enum(['route', 'produce', 'drain', 'login']),
  name: z.string(),
  errors: z.array(probeError).default([]),
};
/** A task that the probe's deadline cut. */
const timeoutReport = z.object({ ...broken, outcome: z.literal('timeout') });
/** A task in which the probe itself failed. */
const failedReport = z.object({ ...broken, outcome: z.literal('failed') });
const taskReport = z.union([routeReport, produceReport, drainReport, loginReport, timeoutReport, failedReport]);

export type RouteReport = z.infer<typeof routeReport>;
export type ProduceReport = z.infer<typeof produceReport>;
export type DrainReport = z.infer<typeof drainReport>;
export type LoginReport = z.infer<typeof loginReport>;
export type BrokenReport = z.infer<typeof timeoutReport> | z.infer<typeof failedReport>;
export type TaskReport = z.infer<typeof taskReport>;

const endLine = z.object({ end: z.literal(true), reported: count });

/** @returns the reports in the order of the request, or null when the output is not a whole answer to it. */
export function parseProbeOutput(request: ProbeRequest, stdout: string): TaskReport[] | null {
  const parsed = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map(parseJson);
  const end = endLine.safeParse(parsed.pop());
  if (!end.success || end.data.reported !== request.tasks.length) return null;
  const reports = new Map<string, TaskReport>();
  for (const line of parsed) {
    const report = taskReport.safeParse(line);
    if (report.success) reports.set(report.data.name, report.data);
  }
  const ordered = request.tasks.map((task) => reports.get(task.name));
  return ordered.every((report) => report !== undefined) ? ordered : null;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
