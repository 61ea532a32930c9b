/** What can do one kind of faults. Each is done and undone at most once by its id, however often it is asked for. */
import type { FaultSighting, HostFault } from '../../core/drills/host-fault.js';
import type { Topology } from '../../core/topology/topology.js';
import type { Deps } from '../deps.js';

export type FaultBy<B extends HostFault['by']> = Extract<HostFault, { by: B }>;

export interface FaultInput<F extends HostFault = HostFault> {
  topology: Topology;
  host: string;
  /** Owner of the cluster. Healing goes on without it when the claim was lost. */
  token: string;
  /** Names the fault on its host: letters, digits and "-". */
  id: string;
  fault: F;
}

export interface Injected {
  /** When it was in force, ms since the epoch by the host's clock. */
  at: number;
  detail: string;
}

export interface Healed {
  healed: boolean;
  by: 'drill' | 'dead-man timer' | 'by itself';
  detail: string;
}

export interface FaultDoer<B extends HostFault['by']> {
  /** Arms the dead-man timer and does the fault, in one command: there is no fault without a timer. */
  inject(deps: Deps, input: FaultInput<FaultBy<B>>, signal: AbortSignal): Promise<Injected>;
  heal(deps: Deps, input: FaultInput<FaultBy<B>>, signal: AbortSignal): Promise<Healed>;
  look(deps: Deps, input: Omit<FaultInput<FaultBy<B>>, 'token'>, signal: AbortSignal): Promise<FaultSighting>;
}
