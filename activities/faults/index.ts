/** Faults of drills: done, undone and looked for by whoever can do their kind. */
import type { FaultSighting, HostFault } from '../../core/drills/host-fault.js';
import type { Topology } from '../../core/topology/topology.js';
import type { Deps } from '../deps.js';
import { agentFaults, problemsOfAgent } from './agent.js';
import { carrierFaults, networkFaults, problemsAround } from './around.js';
import type { FaultDoer, FaultInput, Healed, Injected } from './fault-doer.js';

const DOERS: { [B in HostFault['by']]: FaultDoer<B> } = {
  agent: agentFaults,
  carrier: carrierFaults,
  network: networkFaults,
};

/** The kind of a fault and who does it go together by its type; what is lost between the two is said again here. */
function doerOf({ by }: HostFault): FaultDoer<HostFault['by']> {
  return DOERS[by] as unknown as FaultDoer<HostFault['by']>;
}

export const injectFault = (deps: Deps, input: FaultInput, signal: AbortSignal): Promise<Injected> =>
  doerOf(input.fault).inject(deps, input, signal);

export const healFault = (deps: Deps, input: FaultInput, signal: AbortSignal): Promise<Healed> =>
  doerOf(input.fault).heal(deps, input, signal);

export const lookForFault = (
  deps: Deps,
  input: Omit<FaultInput, 'token'>,
  signal: AbortSignal,
): Promise<FaultSighting> => doerOf(input.fault).look(deps, input, signal);

/**
 * Why these faults cannot be done to a host, every reason; empty when all can. Asked before a drill begins: it may take a
 * minute where the image of the helpers has to be made first, and leaves nothing behind.
 */
export async function faultSupport(
  deps: Deps,
  input: { topology: Topology; host: string; faults: readonly HostFault[] },
  signal: AbortSignal,
): Promise<{ problems: string[] }> {
  const asks = [problemsOfAgent, problemsAround].map((problems) => problems(deps, input, signal));
  return { problems: [...new Set((await Promise.all(asks)).flat())] };
}
