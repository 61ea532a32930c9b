/** The end of a load: what was sent is given time to arrive, and what did not is looked for in the queues. */
import { setTimeout as delay } from 'node:timers/promises';
import { addStatuses, type FlowCounts, type LoadStatus } from '../../core/drills/load-status.js';
import { loadHosts, type PlacedFlow } from '../../core/drills/place-load.js';
import { askedFor, browseTasks, stuckOf, stuckText, type StuckIn, type UnseenQueue } from '../../core/drills/stuck.js';
import { EverbrokerError } from '../../core/failure.js';
import { PROBE_USER } from '../../core/naming.js';
import type { Topology } from '../../core/topology/topology.js';
import { ownedBy } from '../../hosts/owned-host.js';
import { runProbe } from '../../probes/jms-probe.js';
import type { Deps } from '../deps.js';
import { readProcess, steer, writeStuck } from './load-process.js';
import { startLoad, stopProducers } from './load.js';
import { probeSetup } from '../probe-files.js';

export interface DrainInput {
  topology: Topology;
  token: string;
  drill: string;
  flows: PlacedFlow[];
  /** When nothing came for so long, nothing will. */
  idleSeconds: number;
  atMostSeconds: number;
}

export interface Drained {
  /** Everything that may have been stored arrived. */
  complete: boolean;
  stuck: Omit<StuckIn, 'ids'>[];
  unseen: UnseenQueue[];
}

const PAUSE_MS = 250;
/** A load ends within twice the time that it waits for a last answer. */
const END_MS = 20_000;
const BROWSE_MS = 10_000;

/** The load's processes have ended when this returns; a load without a process is woken for it, because somebody must consume. */
export async function drainLoad(deps: Deps, input: DrainInput, signal: AbortSignal): Promise<Drained> {
  const { topology, token, drill, flows, atMostSeconds } = input;
  const hosts = loadHosts(flows);
  await Promise.all(hosts.map((host) => stopProducers(deps, { topology, host, token, drill }, signal)));
  await Promise.all(
    hosts.map((host) =>
      startLoad(deps, { topology, host, token, drill, flows, atMostSeconds: atMostSeconds + 60, again: true }, signal),
    ),
  );
  const complete = await untilDrained(deps, input, signal);
  await Promise.all(hosts.map((host) => stopProcess(deps, { topology, host, token, drill }, signal)));
  return { complete, ...(await browse(deps, input, signal)) };
}

async function untilDrained(deps: Deps, input: DrainInput, signal: AbortSignal): Promise<boolean> {
  const { idleSeconds, atMostSeconds, flows } = input;
  const end = Date.now() + atMostSeconds * 1000;
  let last = -1;
  let lastAt = Date.now();
  for (;;) {
    const found = addStatuses(await statusesOf(deps, input, signal));
    if (flows.every(({ flow }) => hasArrived(found.find((one) => one.flow === flow)))) return true;
    const delivered = found.reduce((sum, flow) => sum + flow.delivered, 0);
    if (delivered !== last) lastAt = Date.now();
    last = delivered;
    if (Date.now() - lastAt > idleSeconds * 1000 || Date.now() > end) return false;
    await delay(PAUSE_MS, undefined, { signal });
  }
}

/** What nobody knows of may be there and is waited for as well. */
const hasArrived = (flow: FlowCounts | undefined): boolean =>
  flow === undefined || flow.delivered >= flow.acknowledged + flow.unknown;

async function statusesOf(
  deps: Deps,
  { topology, drill, flows }: Pick<DrainInput, 'topology' | 'drill' | 'flows'>,
  signal: AbortSignal,
): Promise<LoadStatus[]> {
  const found = await Promise.all(
    loadHosts(flows).map(async (host) => readProcess(await deps.openHost(topology, host), drill, signal)),
  );
  return found.filter((status) => status !== null);
}

/** What consumers were sent ahead goes back into the queues with their end. */
async function stopProcess(
  deps: Deps,
  { topology, host, token, drill }: { topology: Topology; host: string; token: string; drill: string },
  signal: AbortSignal,
): Promise<void> {
  const opened = await deps.openHost(topology, host);
  await steer(ownedBy(opened, token), { drill, file: 'stop', signal });
  const end = Date.now() + END_MS;
  while ((await readProcess(opened, drill, signal))?.running) {
    if (Date.now() > end)
      throw new EverbrokerError('CommandTimedOut', `${host}: the load does not end`, { host, drill });
    await delay(PAUSE_MS, undefined, { signal });
  }
}

/** The list is kept on the host of the consumers, where the ledger finds it. */
async function browse(
  deps: Deps,
  { topology, token, drill, flows }: DrainInput,
  signal: AbortSignal,
): Promise<Omit<Drained, 'complete'>> {
  const host = flows[0]?.consumersOn;
  if (host === undefined) return { stuck: [], unseen: [] };
  const { ca, ...setup } = probeSetup(topology, host);
  const tasks = browseTasks(topology, flows, BROWSE_MS);
  const request = { run: drill, user: PROBE_USER, ...(ca === null ? {} : { ca }), tasks };
  const opened = ownedBy(await deps.openHost(topology, host), token);
  const result = await runProbe(opened, request, { setup, signal });
  if (result.state !== 'reported')
    throw new EverbrokerError('CommandFailed', `${host}: the queues could not be looked into\n${result.detail}`);
  const seen = result.reports.filter((report) => report.task === 'browse' && report.outcome === 'complete');
  const stuck = stuckOf(
    flows,
    seen.filter((report) => report.task === 'browse' && 'ids' in report),
  );
  await writeStuck(opened, { drill, text: stuckText(stuck), signal });
  const unseen = result.reports
    .filter(({ name }) => !seen.some((report) => report.name === name))
    .map(({ name, outcome, errors }) => ({ ...askedFor(name), why: errors[0]?.message ?? outcome }));
  return { stuck: stuck.map(({ flow, queue, broker, count }) => ({ flow, queue, broker, count })), unseen };
}
