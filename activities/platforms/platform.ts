/**
 * What carries hosts: Docker engines, or machines that are there already. One implementation a kind; nothing else in the
 * activities knows kinds.
 */
import type { FaultSighting, HostFault } from '../../core/drills/host-fault.js';
import type { HostInside, MachineObservation, PlacementObservation } from '../../core/health/observation.js';
import type { Found } from '../../core/plan/destroy.js';
import type { StepResult } from '../../core/plan/step.js';
import type { Topology } from '../../core/topology/topology.js';
import type { Host } from '../../hosts/host.js';
import type { Deps } from '../deps.js';
import type { Healed, Injected } from '../faults/fault-doer.js';
import type { StepInput } from '../step-input.js';
import type { Lease } from './lease.js';

/** A host of a topology, as the worker reaches it. */
export interface Site {
  deps: Deps;
  topology: Topology;
  host: string;
}

/** What a run created, for its rollback: `host|kind|name`. */
export interface Created {
  created: string[];
}

export interface Prepared extends StepResult, Created {
  /** Key to which secrets for this host are sealed. */
  publicKey: string;
}

/** What is around a host, seen without looking into it. */
export interface Surroundings {
  placement?: PlacementObservation;
  /** Why the host cannot be looked into; null when it can. */
  absent: string | null;
}

export interface Platform {
  /** The places of the claim for hosts of this kind, each once. */
  leases(deps: Deps, topology: Topology, hosts: readonly string[]): Lease[];
  /** Writes the token where the host's guard compares it. A host that has no guard yet gets it with its agent. */
  claimHost(site: Site, token: string): Promise<void>;
  /** Looks from outside. */
  survey(site: Site): Promise<Surroundings>;
  /** @throws EverbrokerError NameTaken when what has the host's name is another's. */
  insistOnOurs(site: Site, surroundings: Surroundings): void;
  /** Looks inside: one command. */
  look(site: Site, host: Host, signal: AbortSignal): Promise<Look>;
  /** Brings agent, manifest and key of a host up to date, and whatever keeps its agent running. */
  prepare(deps: Deps, input: StepInput, signal: AbortSignal): Promise<Prepared>;
  /** What hosts of this kind have of the cluster. */
  find(deps: Deps, topology: Topology, hosts: readonly string[]): Promise<Found[]>;
  /** Undoes one creation of the run with this token; what is gone, or another's, is as wanted. */
  undo(site: Site, what: { token: string; created: string }): Promise<void>;
  faults: FaultsAround;
}

/** A fault that is done around a host, and not by the agent on it. */
export type FaultAround = Extract<HostFault, { by: 'network' | 'carrier' }>;

export interface FaultAt<F extends FaultAround = FaultAround> {
  /** Names the fault on its host. */
  id: string;
  fault: F;
}

/** Each fault has a timer that heals it without Everbroker, and is done and undone at most once by its id. */
export interface FaultsAround {
  /** Why these faults cannot be done there, every reason. Asked before a drill begins; leaves nothing behind. */
  problems(site: Site, faults: readonly FaultAround[], signal: AbortSignal): Promise<string[]>;
  /** Returns when the fault is in force. @throws EverbrokerError FaultImpossible | OwnershipLost */
  inject(site: Site, what: FaultAt & { token: string }, signal: AbortSignal): Promise<Injected>;
  /** Also when the cluster was lost to another operation. */
  heal(site: Site, what: FaultAt, signal: AbortSignal): Promise<Healed>;
  look(site: Site, what: FaultAt, signal: AbortSignal): Promise<FaultSighting>;
}

export interface Look {
  clock: number;
  inside: HostInside;
  machine?: MachineObservation;
}
