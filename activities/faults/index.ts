/** Faults of drills: done, undone and looked for by whoever can do their kind. */
import type { FaultSighting, HostFault } from '../../core/drills/host-fault.js';
import type { Deps } from '../deps.js';
import { agentFaults } from './agent.js';
import { carrierFaults, networkFaults } from './around.js';
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
