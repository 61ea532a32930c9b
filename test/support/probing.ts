/** Messages that a test sends to a cluster or takes out of it, by the probe that lies on the cluster's own hosts. */
import assert from 'node:assert/strict';
import { probeSetup } from '../../activities/probe-files.js';
import { PROBE_USER } from '../../core/naming.js';
import type { TaskReport } from '../../core/probe-report.js';
import { probeUrl, type ProbeTask } from '../../core/probe-request.js';
import { hostOf, nodesOfGroup, type Topology } from '../../core/topology/topology.js';
import { runProbe } from '../../probes/jms-probe.js';
import type { System } from './system.js';

/** How long a task of a test waits for its broker, ms. */
export const TASK_MS = 60_000;

/**
 * A `failover:` URL over the nodes of a group.
 * @param options.address Of all of them, where a deployment gave them another than the topology prefers.
 */
export function groupUrl(
  topology: Topology,
  group: string,
  { address, timeoutMs = TASK_MS }: { address?: string; timeoutMs?: number } = {},
): string {
  const at = nodesOfGroup(topology, group).map(({ host, openwire }) => ({
    address: address ?? hostOf(topology, host).address,
    port: openwire,
  }));
  return probeUrl(at, timeoutMs);
}

/** Runs one task on a host and fails when the probe could not run; whether the task succeeded is the caller's to judge. */
export async function probeFrom(
  system: System,
  { topology, host }: { topology: Topology; host: string },
  task: ProbeTask,
): Promise<TaskReport> {
  const request = { run: 'test', user: PROBE_USER, tasks: [task] };
  const result = await runProbe(system.host(topology, host), request, { setup: probeSetup(topology, host) });
  const report = result.state === 'reported' ? result.reports[0] : undefined;
  assert.ok(report, JSON.stringify(result));
  return report;
}
