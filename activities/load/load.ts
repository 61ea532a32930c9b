/** The load of a drill: starts, is watched, and ends. Each of these may be repeated. */
import { setTimeout as delay } from 'node:timers/promises';
import { loadRequestText } from '../../core/drills/load-request.js';
import { addStatuses, type FlowCounts } from '../../core/drills/load-status.js';
import type { PlacedFlow } from '../../core/drills/place-load.js';
import { EverbrokerError } from '../../core/failure.js';
import type { Topology } from '../../core/topology/topology.js';
import { ownedBy } from '../../hosts/owned-host.js';
import type { Deps } from '../deps.js';
import { probeSetup } from '../probe-files.js';
import { loadDirectory, readProcess, startProcess, steer } from './load-process.js';

export interface LoadInput {
  topology: Topology;
  host: string;
  token: string;
  drill: string;
}

export interface StartLoadInput extends LoadInput {
  flows: PlacedFlow[];
  /** It ends by itself after this. */
  atMostSeconds: number;
}

/**
 * Starts the host's part of the load, or finds it. One whose process was killed is gone on with, under new numbers: what it had
 * sent before stays in its records.
 * @param again Also when it has ended.
 */
export async function startLoad(
  deps: Deps,
  input: StartLoadInput & { again?: boolean },
  signal: AbortSignal,
): Promise<{ started: boolean }> {
  const { topology, host, token, drill, flows, atMostSeconds, again = false } = input;
  const { login, ca, ...paths } = probeSetup(topology, host);
  const setup = { ...paths, credentials: login.file, directory: loadDirectory(drill) };
  const request = loadRequestText({ drill, host, flows, ca, atMostSeconds });
  const opened = ownedBy(await deps.openHost(topology, host), token);
  return { started: await startProcess(opened, { setup, request, again, signal }) };
}

export interface LoadReading {
  /** Its process is at work. */
  running: boolean;
  flows: FlowCounts[];
  /** What went wrong since it started, one line a kind. */
  errors: string[];
}

/** How the host's part stands, half a second ago. */
export async function readLoad(
  deps: Deps,
  { topology, host, drill }: Omit<LoadInput, 'token'>,
  signal: AbortSignal,
): Promise<LoadReading> {
  const status = await readProcess(await deps.openHost(topology, host), drill, signal);
  if (status === null) return { running: false, flows: [], errors: [] };
  const errors = status.errors.map(({ where, message, count }) => `${where}: ${message} (${count} times)`);
  return { running: status.running, flows: addStatuses([status]), errors };
}

const STOP_MS = 30_000;
const PAUSE_MS = 200;

/** Ends the producers of a host and waits until each has its last answer, or was cut off from a broker that gives none. */
export async function stopProducers(
  deps: Deps,
  { topology, host, token, drill }: LoadInput,
  signal: AbortSignal,
): Promise<LoadReading> {
  const opened = await deps.openHost(topology, host);
  await steer(ownedBy(opened, token), { drill, file: 'stop-producers', signal });
  const end = Date.now() + STOP_MS;
  for (;;) {
    const status = await readProcess(opened, drill, signal);
    if (status === null || !status.running || status.producers === 0)
      return readLoad(deps, { topology, host, drill }, signal);
    if (Date.now() > end)
      throw new EverbrokerError('CommandTimedOut', `${host}: the producers of the load do not end`, { host, drill });
    await delay(PAUSE_MS, undefined, { signal });
  }
}
