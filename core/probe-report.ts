/** What the JMS probe answers. Pure: parsing of the answer's lines. */
import { z } from 'zod';
import type { ProbeRequest } from './probe-request.js';

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
const browseReport = z.object({
  task: z.literal('browse'),
  outcome: messagesOutcome,
  ...common,
  /** Messages of the run in the queue, and others. */
  count,
  foreign: count,
  /** `producer:ranges`, apart by blanks. */
  ids: z.string(),
});
const loginReport = z.object({
  task: z.literal('login'),
  outcome: z.enum(['ok', 'refused', 'unreachable']),
  ...common,
});
const sweepReport = z.object({
  task: z.literal('sweep'),
  outcome: messagesOutcome,
  ...common,
  /** Queues that could not be deleted, and why not. */
  left: z.string(),
});
const tlsReport = z.object({
  task: z.literal('tls'),
  outcome: z.enum(['complete', 'unreachable']),
  ...common,
  /** Listeners that took plain text; that one took who knows only the JVM's own authorities; that none vouches for. */
  plain: z.string(),
  strangers: z.string(),
  untrusted: z.string(),
  /** Listeners that were there. */
  open: count,
  /** Protocol of the last handshake. */
  protocol: z.string(),
  /** End of the certificate that ends first, and now, by the host's clock. */
  notAfter: moment,
  now: z.number(),
});
const broken = {
  task: z.enum(['tls', 'route', 'sweep', 'produce', 'drain', 'browse', 'login']),
  name: z.string(),
  errors: z.array(probeError).default([]),
};
/** A task that the probe's deadline cut. */
const timeoutReport = z.object({ ...broken, outcome: z.literal('timeout') });
/** A task in which the probe itself failed. */
const failedReport = z.object({ ...broken, outcome: z.literal('failed') });
const taskReport = z.union([
  tlsReport,
  routeReport,
  sweepReport,
  produceReport,
  drainReport,
  browseReport,
  loginReport,
  timeoutReport,
  failedReport,
]);

export type RouteReport = z.infer<typeof routeReport>;
export type TlsReport = z.infer<typeof tlsReport>;
export type SweepReport = z.infer<typeof sweepReport>;
export type ProduceReport = z.infer<typeof produceReport>;
export type DrainReport = z.infer<typeof drainReport>;
export type BrowseReport = z.infer<typeof browseReport>;
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
