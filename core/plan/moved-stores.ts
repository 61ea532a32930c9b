/**
 * Groups whose store would become another one. With nodes restarted one after the other two masters would live for a
 * moment, each on its own store; and what the old one holds stays behind in any case. So it is refused unless the topology
 * says that this is known, and then no node starts before all are stopped. Pure.
 */
import type { HostInside, NodeObservation } from '../health/observation.js';
import { storeOf } from '../stores/index.js';
import { groupNames, groupOf, nodesOfGroup } from '../topology/topology.js';
import type { Known } from './known.js';

export interface MovedStore {
  group: string;
  /** What its nodes are on. */
  from: string[];
  to: string;
  nodes: string[];
  /** Whether the topology names where it comes from. */
  acknowledged: boolean;
}

export const movedStores = (known: Known): MovedStore[] =>
  groupNames(known.topology).flatMap((group) => movedStore(known, group) ?? []);

export function movedStore(known: Known, group: string): MovedStore | null {
  const { identity: to } = storeOf(known.topology, group);
  if (to === null) return null;
  const elsewhere = nodesSeen(known).filter(
    (node) => node.store !== undefined && node.store.identity !== to && isOf(known, group, node),
  );
  if (elsewhere.length === 0) return null;
  const from = [...new Set(elsewhere.map(({ store }) => store?.identity ?? ''))];
  const { movedFrom } = groupOf(known.topology, group).store;
  const acknowledged = from.every((store) => store === movedFrom);
  return { group, from, to, nodes: elsewhere.map(({ name }) => name), acknowledged };
}

/** Also on hosts whose container is to be made anew, and nodes that have no place there any more. */
const nodesSeen = ({ topology, observed }: Known): NodeObservation[] =>
  Object.keys(topology.hosts).flatMap((host): HostInside['nodes'] => observed[host]?.inside?.nodes ?? []);

/** A node that came from a group which the topology still has takes nothing from there with it. */
function isOf({ topology }: Known, group: string, { name, store }: NodeObservation): boolean {
  if (store?.group === group) return true;
  const isGone = store !== undefined && !groupNames(topology).includes(store.group);
  return isGone && nodesOfGroup(topology, group).some((node) => node.name === name);
}

export const movedText = ({ group, from, to, nodes }: MovedStore): string => {
  const old = from.join(' and ');
  const way =
    from.length === 1
      ? `or drain it, and write \`movedFrom: ${old}\` into groups.${group}.store, by which you say that what it still holds stays behind: all nodes of ${group} are then stopped before one starts on the new store`
      : 'or destroy the cluster (its data is kept) and deploy it anew';
  return `the store of ${group} is ${old} (${nodes.join(', ')}) and would become ${to}: its messages would stay behind, and while nodes restart one after the other both stores would have a master; put the old store back, ${way}`;
};
