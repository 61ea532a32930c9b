/** What a plan is made from, and the questions that its parts ask of it. Pure. */
import type { HostObservation, NodeObservation } from '../health/observation.js';
import { hostOf, nodesOnHost, type Node, type Topology } from '../topology/topology.js';
import type { Desired } from './desired.js';
import type { FileChange } from './step.js';

export interface Known {
  topology: Topology;
  desired: Desired;
  observed: Record<string, HostObservation>;
  /** References in the topology whose value is no longer the one in the master copy of the secrets. */
  secretsChanged: boolean;
  /** Groups whose nodes hold what changed; absent: all. */
  changedGroups?: readonly string[];
}

/** Why a container must be made, replaced or started; null when it is as wanted or the host is none. */
export function containerReason(
  known: Known,
  host: string,
): { verb: 'create' | 'replace' | 'start'; reason: string } | null {
  if (hostOf(known.topology, host).kind !== 'docker') return null;
  const container = known.observed[host]?.placement?.container;
  if (!container?.exists) return { verb: 'create', reason: 'the container does not exist' };
  if (container.specHash !== known.desired.hosts[host]?.specHash) {
    return { verb: 'replace', reason: 'the container was made from another specification' };
  }
  return container.running ? null : { verb: 'start', reason: 'the container does not run' };
}

/** A host is new when its container is made by this plan: nothing is inside it but what its volumes keep. */
export const isNew = (known: Known, host: string): boolean => {
  const verb = containerReason(known, host)?.verb;
  return verb === 'create' || verb === 'replace';
};

/** Files that are missing or have another hash, by path. */
export const changedFiles = (wanted: Record<string, string>, found: Record<string, string>): FileChange[] =>
  Object.entries(wanted)
    .filter(([path, hash]) => found[path] !== hash)
    .map(([path]) => ({ path, change: found[path] === undefined ? 'create' : 'update' }));

/** Observation of a node, or undefined when its host is new or was not seen. */
export function nodeSeen(known: Known, node: Node): NodeObservation | undefined {
  if (isNew(known, node.host)) return undefined;
  return known.observed[node.host]?.inside?.nodes.find((seen) => seen.name === node.name);
}

export const nodesWithoutPlace = (known: Known, host: string): string[] =>
  (known.observed[host]?.inside?.nodes ?? [])
    .map((seen) => seen.name)
    .filter((name) => !nodesOnHost(known.topology, host).some((node) => node.name === name));
