/** Takes away what a load leaves: its process, its files, its queues. */
import { loadHosts, type PlacedFlow } from '../../core/drills/place-load.js';
import { groupUrl } from '../../core/drills/stuck.js';
import { PROBE_USER } from '../../core/naming.js';
import { groupNames, type Topology } from '../../core/topology/topology.js';
import { ownedBy } from '../../hosts/owned-host.js';
import { runProbe } from '../../probes/jms-probe.js';
import type { Deps } from '../deps.js';
import { removeProcess } from './load-process.js';
import { probeSetup } from '../probe-files.js';

const SWEEP_MS = 15_000;

export interface ClearInput {
  topology: Topology;
  token: string;
  drill: string;
  flows: PlacedFlow[];
}

/** @returns queues that are left, with why; a drill is not worse for them */
export async function clearLoad(
  deps: Deps,
  { topology, token, drill, flows }: ClearInput,
  signal: AbortSignal,
): Promise<{ left: string[] }> {
  const hosts = loadHosts(flows);
  for (const host of hosts) await removeProcess(ownedBy(await deps.openHost(topology, host), token), drill, signal);
  const [host] = hosts;
  if (host === undefined) return { left: [] };
  const { ca, ...setup } = probeSetup(topology, host);
  const queues = flows.map(({ queue }) => queue).join(',');
  // a bridge holds a queue for a moment after the end of its consumer
  const tasks = groupNames(topology).map((group) => ({
    task: 'sweep' as const,
    name: group,
    queues,
    from: groupUrl(topology, group, SWEEP_MS),
    timeoutMs: SWEEP_MS,
    deleteMs: SWEEP_MS,
  }));
  const request = { run: drill, user: PROBE_USER, ...(ca === null ? {} : { ca }), tasks };
  const result = await runProbe(ownedBy(await deps.openHost(topology, host), token), request, { setup, signal });
  if (result.state !== 'reported') return { left: [`${queues}: ${result.detail}`] };
  const left = result.reports.map((report) => {
    const what = 'left' in report ? report.left : report.outcome;
    return what === '' ? [] : [`${report.name}: ${what}`];
  });
  return { left: left.flat() };
}
