/** The looks that workflows take: each host through its own worker, all at once. */
import type { Options, WorkflowName } from '../core/contract.js';
import type { HostObservation } from '../core/health/observation.js';
import type { NodeReading } from '../core/health/roles.js';
import type { Problem } from '../core/topology/problem.js';
import { hostNames, hostsOfGroup, type Topology } from '../core/topology/topology.js';
import { activities } from './calls.js';
import { quick } from './profiles.js';

export interface Resolved<W extends WorkflowName> {
  /** Pinned for the whole operation: what a name means may change meanwhile. */
  topology: Topology;
  topologyHash: string;
  warnings: Problem[];
  options: Options<W>;
}

/** @throws ApplicationFailure InvalidInput with every problem, before anything is touched. */
export async function resolve<W extends WorkflowName>(workflow: W, input: unknown): Promise<Resolved<W>> {
  const call = activities({ summary: 'read the input, pin the topology', profile: quick });
  return (await call.resolveInput({ workflow, input: input ?? null })) as Resolved<W>;
}

/** Chooses free subnets for the networks that do not exist yet, where the topology only prefers one. */
export async function placeNetworks(topology: Topology): Promise<{ topology: Topology; notes: string[] }> {
  const host = hostNames(topology)[0] ?? '';
  return activities({ summary: 'choose subnets', profile: quick, on: { topology, host } }).placeNetworks({ topology });
}

export async function observeHosts(topology: Topology): Promise<Record<string, HostObservation>> {
  const looks = hostNames(topology).map((host) =>
    activities({ summary: `${host} · look`, profile: quick, on: { topology, host } }).observeHost({ topology, host }),
  );
  return Object.fromEntries((await Promise.all(looks)).map((seen) => [seen.host, seen]));
}

/** What every node of a group shows: process, ports, log, lock, and its broker's answer over Jolokia. */
export async function readGroup(topology: Topology, group: string): Promise<NodeReading[]> {
  const reads = hostsOfGroup(topology, group).map((host) =>
    activities({ summary: `${group} · read roles on ${host}`, profile: quick, on: { topology, host } }).readNodes({
      topology,
      host,
      group,
    }),
  );
  return (await Promise.all(reads)).flat();
}
