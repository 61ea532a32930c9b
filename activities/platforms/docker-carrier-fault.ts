/**
 * The loss of a container: killed, and started again. A container that was killed through the engine counts as stopped by
 * hand, so its restart policy does not bring it back. The helper that does has the engine's socket, no network and no broker
 * to talk to; killing the container does not touch it. Should the engine itself be started again meanwhile, the policy
 * (`always`) starts the container.
 */
import type { FaultSighting } from '../../core/drills/host-fault.js';
import { EverbrokerError } from '../../core/failure.js';
import { ENGINE_SOCKET } from '../../hosts/docker-helpers.js';
import { run } from '../../hosts/run.js';
import type { Healed, Injected } from '../faults/fault-doer.js';
import { askHelper, containerOf, doFault, endHelper, withHelper, type Around } from './docker-helper.js';
import { KILL_HOST, PING, START_HOST } from './fault-scripts.js';
import type { FaultAround, FaultAt } from './platform.js';

type CarrierFault = Extract<FaultAround, { by: 'carrier' }>;

async function problems(around: Around): Promise<string[]> {
  const { engine, signal } = around;
  if (engine.socketPath === null)
    return [
      `its engine is reached at ${engine.address}: only a helper with the engine's socket could start it again, so it is not killed`,
    ];
  try {
    await withHelper(around, { to: 'engine' }, (helper) =>
      run(helper, ['sh', '-c', PING, 'ping', ENGINE_SOCKET], { timeoutMs: 60_000, signal }),
    );
    return [];
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof EverbrokerError) || error.type !== 'CommandFailed') throw error;
    return [`a helper does not reach the engine by ${engine.socketPath}: ${error.message}`];
  }
}

async function inject(around: Around, { id, fault }: FaultAt<CarrierFault>): Promise<Injected> {
  const { host } = around;
  const container = await containerOf(around);
  const done = (await askHelper(around, id)) !== null;
  if (container === null || (!container.running && !done))
    throw new EverbrokerError('HostUnreachable', `the container of ${host} does not run`, { host });
  const deed = {
    holdSeconds: fault.holdSeconds,
    inflict: KILL_HOST,
    undo: START_HOST,
    args: [ENGINE_SOCKET, container.id],
  };
  return { at: await doFault(around, { id, reach: { to: 'engine' }, deed }), detail: `${container.name} killed` };
}

async function heal(around: Around, id: string): Promise<Healed> {
  const { engine, host, signal } = around;
  const before = await containerOf(around);
  if (before === null) throw new EverbrokerError('HostUnreachable', `the container of ${host} is gone`, { host });
  const record = (await askHelper(around, id))?.record;
  // First the host, then the helper: there is no moment without somebody who would start it.
  if (!before.running) await engine.startContainer(before.id, { signal });
  await endHelper(around, id);
  const healed = (await containerOf(around))?.running === true;
  const byTimer = before.running && record?.healed?.by === 'timer';
  const by = byTimer ? 'dead-man timer' : before.running ? 'by itself' : 'drill';
  return { healed, by, detail: healed ? `${before.name} runs` : `${before.name} was started and does not run` };
}

async function look(around: Around, id: string): Promise<FaultSighting> {
  const container = await containerOf(around);
  const record = (await askHelper(around, id))?.record;
  const present = container?.running !== true;
  const helper =
    record === undefined ? 'no helper' : record.healed === null ? 'its helper waits' : 'its helper is done';
  const state = container === null ? 'is gone' : present ? 'does not run' : 'runs';
  return {
    present,
    expired: !present && record?.healed?.by === 'timer',
    detail: `the container of ${around.host} ${state}; ${helper}`,
  };
}

export const carrierFault = { problems, inject, heal, look };
