/** The helper container of a fault: started beside its host, asked, and ended. */
import { randomUUID } from 'node:crypto';
import { parseFaultRecord, type FaultRecord } from '../../core/drills/fault-record.js';
import { EverbrokerError } from '../../core/failure.js';
import { LABEL_CLUSTER, LABEL_HOST, LABEL_ROLE, containerName, faultHelper } from '../../core/naming.js';
import type { ContainerState, DockerEngine, HelperSpec } from '../../hosts/docker-engine.js';
import { openDockerHost } from '../../hosts/docker-host.js';
import type { Host } from '../../hosts/host.js';
import { run } from '../../hosts/run.js';
import { FAULT_IMAGE } from '../../images/fault-image.js';
import { AWAIT, TIMER } from './fault-scripts.js';
import type { Site } from './platform.js';

/** In the helper itself: it goes with it. */
const RECORD = '/record';
/** How long a helper whose fault is over still tells how it ended: a worker that was lost is replaced within it. */
const STAY_SECONDS = 300;
/** For looks that take well under a second; the engine removes one whose worker died. */
const LOOK_SECONDS = 60;
const ASK_MS = 30_000;

/** What a helper does: a deed and its undoing, as the timer takes them, and how long lies between. */
export interface Deed {
  holdSeconds: number;
  inflict: string;
  undo: string;
  args: readonly string[];
}

export interface Around extends Site {
  engine: DockerEngine;
  signal: AbortSignal;
}

/** @throws EverbrokerError NameTaken when it is another cluster's */
export async function containerOf({ engine, topology, host, signal }: Around): Promise<ContainerState | null> {
  const name = containerName(topology, host);
  const found = await engine.container(name, { signal });
  if (found === null || found.labels[LABEL_CLUSTER] === topology.name) return found;
  throw new EverbrokerError('NameTaken', `container ${name} is not cluster ${topology.name}'s`, { container: name });
}

const helperName = ({ topology, host }: Site, id: string): string => faultHelper(topology.name, host, id);

async function specOf(around: Around, spec: Pick<HelperSpec, 'name' | 'command' | 'reach'>): Promise<HelperSpec> {
  const { deps, engine, topology, host, signal } = around;
  const image = await deps.ensureImage(engine, FAULT_IMAGE, signal);
  const labels = { [LABEL_CLUSTER]: topology.name, [LABEL_HOST]: host, [LABEL_ROLE]: 'fault' };
  return { ...spec, image, labels };
}

const openHelper = ({ engine, host }: Around, container: string): Host =>
  openDockerHost({ engine, container, name: `helper beside ${host}` });

/** Starts the fault's helper, or finds it, and returns when the fault is in force. */
export async function doFault(
  around: Around,
  { id, reach, deed }: { id: string; reach: HelperSpec['reach']; deed: Deed },
): Promise<number> {
  const { engine, host, signal } = around;
  const name = helperName(around, id);
  const { holdSeconds, inflict, undo, args } = deed;
  const timer = [RECORD, String(holdSeconds), String(STAY_SECONDS), inflict, undo, ...args];
  const command = ['sh', '-c', TIMER, 'fault-timer', ...timer];
  await engine.startHelper(await specOf(around, { name, command, reach }), { signal });
  const awaited = ['sh', '-c', AWAIT, 'await', RECORD];
  const { stdout } = await run(openHelper(around, name), awaited, { timeoutMs: ASK_MS, signal });
  const { inForceAt, impossible } = parseFaultRecord(stdout);
  if (inForceAt !== null) return inForceAt;
  await engine.endHelper(name);
  throw new EverbrokerError('FaultImpossible', `${host}: ${impossible ?? 'the fault did not come into force'}`, {
    host,
  });
}

/** What the fault's helper tells, or null when there is none that runs. */
export async function askHelper(around: Around, id: string): Promise<{ host: Host; record: FaultRecord } | null> {
  const name = helperName(around, id);
  const found = await around.engine.container(name, { signal: around.signal });
  if (found?.running !== true) return null;
  const host = openHelper(around, name);
  try {
    const { stdout } = await run(host, ['sh', '-c', `cat ${RECORD} 2>/dev/null || :`], {
      timeoutMs: ASK_MS,
      signal: around.signal,
    });
    return { host, record: parseFaultRecord(stdout) };
  } catch (error) {
    // It has just come to its end.
    if (error instanceof EverbrokerError && error.type === 'HostUnreachable') return null;
    throw error;
  }
}

export const endHelper = (around: Around, id: string): Promise<void> => around.engine.endHelper(helperName(around, id));

/** Runs something in a helper of its own, which is gone afterwards. */
export async function withHelper<T>(
  around: Around,
  reach: HelperSpec['reach'],
  work: (helper: Host) => Promise<T>,
): Promise<T> {
  const name = helperName(around, `look-${randomUUID().slice(0, 8)}`);
  const command = ['sleep', String(LOOK_SECONDS)];
  await around.engine.startHelper(await specOf(around, { name, command, reach }), { signal: around.signal });
  try {
    return await work(openHelper(around, name));
  } finally {
    // Not cancellable, or it would stay for its minute.
    await around.engine.endHelper(name);
  }
}
