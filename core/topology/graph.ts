/** The network of brokers as a graph: which group's messages reach which, and over how many bridges. Pure. */
import type { BridgeSpec, Topology } from './schema.js';

/** A shortest way of messages from one group to another. */
export interface Way {
  from: string;
  to: string;
  /** Names of the bridges on it, in order. */
  bridges: string[];
  /** Groups on it, both ends included. */
  groups: string[];
}

interface Arc {
  bridge: string;
  from: string;
  to: string;
}

type Joined = Pick<Topology, 'groups' | 'bridges'>;

/** The directions in which a bridge carries messages. */
export const directionsOf = ({ name, from, to, duplex }: BridgeSpec): Arc[] => [
  { bridge: name, from, to },
  ...(duplex ? [{ bridge: name, from: to, to: from }] : []),
];

/** One shortest way for every ordered pair of groups that is joined at all, in the order of the file. */
export function waysOf(topology: Joined): Way[] {
  const arcs = topology.bridges.flatMap(directionsOf);
  return Object.keys(topology.groups).flatMap((group) => waysFrom(arcs, group));
}

function waysFrom(arcs: readonly Arc[], start: string): Way[] {
  const ways = new Map<string, Way>([[start, { from: start, to: start, bridges: [], groups: [start] }]]);
  // a Map tells also what was added while it is gone through, so this is a search in breadth
  for (const way of ways.values()) {
    for (const arc of arcs) {
      if (arc.from !== way.to || ways.has(arc.to)) continue;
      const [bridges, groups] = [
        [...way.bridges, arc.bridge],
        [...way.groups, arc.to],
      ];
      ways.set(arc.to, { from: start, to: arc.to, bridges, groups });
    }
  }
  return [...ways.values()].slice(1);
}

/** Bridges on the longest of the shortest ways: as far as a consumer must be known. 0 without bridges. */
export const longestWay = (topology: Joined): number =>
  Math.max(0, ...waysOf(topology).map((way) => way.bridges.length));

/** Whether some group can be reached in two ways: more bridges than a tree has. */
export function hasLoops({ bridges }: Joined): boolean {
  const parents = new Map<string, string>();
  const rootOf = (group: string): string => {
    const parent = parents.get(group);
    return parent === undefined ? group : rootOf(parent);
  };
  const pairs = new Set(bridges.map(({ from, to }) => [from, to].sort().join(' ')));
  return [...pairs].some((pair) => {
    const [a = '', b = ''] = pair.split(' ').map(rootOf);
    if (a === b) return true;
    parents.set(a, b);
    return false;
  });
}
