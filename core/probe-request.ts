/** What the JMS probe is asked, and how it is written down. Pure, and without zod: workflows name checks by it. */
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
  /** How long a queue is tried to be deleted that a bridge still holds; default 2 s. */
  deleteMs?: number;
  /** Other brokers, apart by a blank, in which messages may be stuck that did not arrive. */
  via?: string;
}

/** Deletes the queues, apart by commas, that the other tasks' messages and consumers left at a broker on their way. */
export interface SweepTask {
  task: 'sweep';
  name: string;
  queues: string;
  from: string;
  timeoutMs: number;
  deleteMs?: number;
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

/** Which messages of the run lie in a queue. */
export interface BrowseTask {
  task: 'browse';
  name: string;
  queue: string;
  from: string;
  timeoutMs: number;
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

/** What listeners do with plain text, with one who does not know the authority, and with one who does. */
export interface TlsTask {
  task: 'tls';
  name: string;
  /** `address:port`, apart by blanks; closed ones are slaves'. */
  listeners: string;
  speaks: 'openwire' | 'http';
  timeoutMs: number;
}

export type ProbeTask = TlsTask | RouteTask | SweepTask | ProduceTask | DrainTask | BrowseTask | LoginTask;

export interface ProbeRequest {
  /** Marks this run's messages, so that others' are told apart. */
  run: string;
  user: string;
  /** PEM file on the host with the authority that brokers' certificates must come from. */
  ca?: string;
  tasks: ProbeTask[];
}

/** What the probe may take beyond its longest task: the start of its JVM, closing, draining and deleting. */
const AFTER_TASKS_MS = 15_000;
/** Reconnect pause of `probeUrl`, ms; a slave takes over in about as much. */
const RECONNECT_MS = 500;

/** By when the probe itself gives up, whatever its tasks do. */
export const probeDeadlineMs = ({ tasks }: ProbeRequest): number =>
  longest(tasks.filter((task) => !isSweep(task))) + longest(tasks.filter(isSweep)) + AFTER_TASKS_MS;

/** Sweeping begins when everything else has ended. */
const isSweep = ({ task }: ProbeTask): boolean => task === 'sweep';
const longest = (tasks: readonly ProbeTask[]): number => Math.max(0, ...tasks.map((task) => task.timeoutMs));

/**
 * URL of a group for the probe: tries its nodes in turn, and gives up in about the given time.
 * `timeout` bounds the sends of a lost connection and `startupMaxReconnectAttempts` the first one; without the second
 * a dead group is retried for ever.
 */
export function probeUrl(
  addresses: readonly { address: string; port: number }[],
  timeoutMs: number,
  scheme: 'tcp' | 'ssl' = 'tcp',
): string {
  const nodes = addresses.map(({ address, port }) => `${scheme}://${address}:${port}`).join(',');
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
  const shared = { run: request.run, user: request.user, ca: request.ca, deadlineMs: probeDeadlineMs(request) };
  const sections = request.tasks.flatMap((task) => {
    for (const queue of queuesOf(task))
      if (!queue.startsWith(PROBE_QUEUE_PREFIX)) throw new RangeError(`queue ${queue}`);
    const { task: kind, ...rest } = task;
    return [`task=${kind}`, ...lines(rest)];
  });
  return [...lines(shared), ...sections, ''].join('\n');
}

const queuesOf = (task: ProbeTask): string[] =>
  'queue' in task ? [task.queue] : 'queues' in task ? task.queues.split(',') : [];

const lines = (values: object): string[] =>
  Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => oneLine(`${key}=${String(value)}`));

/** A value with a line break would be a key of its own. */
export function oneLine(line: string): string {
  if (/[\r\n\0]/.test(line)) throw new RangeError(`a line break in ${line.split('=')[0]}`);
  return line;
}
