/**
 * What carries hosts: Docker engines, or machines that are there already. One implementation a kind; nothing else in the
 * activities knows kinds.
 */
import type { HostInside, MachineObservation, PlacementObservation } from '../../core/health/observation.js';
import type { Found } from '../../core/plan/destroy.js';
import type { StepResult } from '../../core/plan/step.js';
import type { Topology } from '../../core/topology/topology.js';
import type { Host } from '../../hosts/host.js';
import type { Deps } from '../deps.js';
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
}

export interface Look {
  clock: number;
  inside: HostInside;
  machine?: MachineObservation;
}
