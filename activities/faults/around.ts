/** Faults that are done around a host, by the platform that carries it. */
import type { FaultSighting, HostFault } from '../../core/drills/host-fault.js';
import type { Topology } from '../../core/topology/topology.js';
import type { Deps } from '../deps.js';
import { platformOf } from '../platforms/index.js';
import type { FaultAround, Site } from '../platforms/platform.js';
import type { FaultDoer, FaultInput, Healed, Injected } from './fault-doer.js';

/** By the host's packets. */
export const networkFaults: FaultDoer<'network'> = { inject, heal, look };
/** By whoever carries the host. */
export const carrierFaults: FaultDoer<'carrier'> = { inject, heal, look };

type Input = FaultInput<FaultAround>;

const siteOf = (deps: Deps, { topology, host }: Pick<Input, 'topology' | 'host'>): Site => ({ deps, topology, host });

function inject(deps: Deps, input: Input, signal: AbortSignal): Promise<Injected> {
  return platformOf(input.topology, input.host).faults.inject(siteOf(deps, input), input, signal);
}

function heal(deps: Deps, input: Input, signal: AbortSignal): Promise<Healed> {
  return platformOf(input.topology, input.host).faults.heal(siteOf(deps, input), input, signal);
}

function look(deps: Deps, input: Omit<Input, 'token'>, signal: AbortSignal): Promise<FaultSighting> {
  return platformOf(input.topology, input.host).faults.look(siteOf(deps, input), input, signal);
}

/** Why these faults cannot be done around a host, every reason. */
export async function problemsAround(
  deps: Deps,
  { topology, host, faults }: { topology: Topology; host: string; faults: readonly HostFault[] },
  signal: AbortSignal,
): Promise<string[]> {
  const around = faults.filter((fault): fault is FaultAround => fault.by !== 'agent');
  if (around.length === 0) return [];
  return platformOf(topology, host).faults.problems({ deps, topology, host }, around, signal);
}
