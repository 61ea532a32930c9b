/** Sends as fast as the broker takes them, without records, rate and consumer: what is left of the broker for others. */
import { groupUrl } from '../core/drills/stuck.js';
import { PROBE_QUEUE_PREFIX, PROBE_USER } from '../core/naming.js';
import type { ProbeTask } from '../core/probe-request.js';
import type { TaskReport } from '../core/probe-report.js';
import type { Topology } from '../core/topology/topology.js';
import type { Host } from '../hosts/host.js';
import { runProbe, type ProbeSetup } from '../probes/jms-probe.js';

export interface Sending {
  topology: Topology;
  host: Host;
  setup: ProbeSetup;
  group: string;
  producers: number;
  /** Of each producer. */
  messages: number;
  signal: AbortSignal;
}

/** Persistent messages of this size, each answered by the broker. */
export const MESSAGE_BYTES = 1024;
const WITHIN_MS = 120_000;

const queueOf = ({ producers }: Sending): string => `${PROBE_QUEUE_PREFIX}BENCH.plain${producers}`;

/** Acknowledged messages a second, of all producers. @throws Error when they cannot send */
export async function sendPlain(sending: Sending): Promise<number> {
  const from = groupUrl(sending.topology, sending.group, WITHIN_MS);
  const tasks = Array.from({ length: sending.producers }, (_, index) => ({
    task: 'produce' as const,
    name: `p${index}`,
    queue: queueOf(sending),
    from,
    count: sending.messages,
    size: MESSAGE_BYTES,
    timeoutMs: WITHIN_MS,
  }));
  const reports = (await reportsOf(sending, tasks)).filter(
    (report) => report.task === 'produce' && 'acknowledged' in report,
  );
  const times = reports.map(({ firstSentAt, lastSentAt }) => [firstSentAt ?? 0, lastSentAt ?? 0] as const);
  const seconds = (Math.max(...times.map(([, last]) => last)) - Math.min(...times.map(([first]) => first))) / 1000;
  return reports.reduce((sum, { acknowledged }) => sum + acknowledged, 0) / seconds;
}

/** Takes out what was sent, and the queue with it. */
export async function drainPlain(sending: Sending): Promise<void> {
  const to = groupUrl(sending.topology, sending.group, WITHIN_MS);
  const task = { task: 'drain' as const, name: 'd', queue: queueOf(sending), to, timeoutMs: WITHIN_MS, cleanup: true };
  await reportsOf(sending, [task]);
}

async function reportsOf({ host, setup, signal }: Sending, tasks: ProbeTask[]): Promise<TaskReport[]> {
  const result = await runProbe(host, { run: 'bench', user: PROBE_USER, tasks }, { setup, signal });
  if (result.state !== 'reported') throw new Error(`the plain sender did not run: ${result.detail}`);
  return result.reports;
}
