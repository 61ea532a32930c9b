/** Where the load runs and over which brokers: from clients that the fault does not touch. Pure. */
import { PROBE_QUEUE_PREFIX } from '../naming.js';
import { openwireScheme } from '../tls.js';
import { waysOf } from '../topology/graph.js';
import { brokerHosts, groupNames, hostOf, hostsOfGroup, nodesOfGroup, type Topology } from '../topology/topology.js';
import type { Flow } from './scenario.js';

/** A flow of the load with the queue, the brokers and the hosts that it runs on. */
export interface PlacedFlow {
  flow: string;
  queue: string;
  /** Groups. */
  from: string;
  to: string;
  /** `failover:` URLs. */
  fromUrl: string;
  toUrl: string;
  perSecond: number;
  sizeBytes: number;
  producers: number;
  consumers: number;
  transactionSize: number;
  /** Hosts whose load process has its producers and its consumers. */
  producersOn: string;
  consumersOn: string;
}

export interface LoadPlacing {
  /** The load's flows of the scenario. */
  flows: readonly Flow[];
  drill: string;
  /** Hosts that the fault touches. */
  avoid: readonly string[];
  /** Of the fault; null: the first of the topology. */
  targetGroup: string | null;
}

/** `drill` is made of letters, digits and "-". */
export const drillQueue = (drill: string, flow: string): string => `${PROBE_QUEUE_PREFIX}DRILL.${drill}.${flow}`;

/** The hosts that have a part of the load. */
export const loadHosts = (flows: readonly PlacedFlow[]): string[] => [
  ...new Set(flows.flatMap(({ producersOn, consumersOn }) => [producersOn, consumersOn])),
];

/** Each end of a flow on a host of its own group, or where the fault touches those, on another; or what keeps it from running. */
export function placeLoad(topology: Topology, placing: LoadPlacing): PlacedFlow[] | { problem: string } {
  const { flows, drill, avoid, targetGroup } = placing;
  const placed: PlacedFlow[] = [];
  for (const { from: source, to: sink, ...size } of flows) {
    const from = source ?? targetGroup ?? groupNames(topology)[0] ?? '';
    const to = sink ?? from;
    const problem = noWay(topology, from, to);
    if (problem !== null) return { problem };
    const [producersOn, consumersOn] = [placeEnd(topology, from, avoid), placeEnd(topology, to, avoid)];
    if (producersOn === null || consumersOn === null) return { problem: noHost(avoid) };
    const flow = unusedName(
      `${from}-${to}`,
      placed.map((other) => other.flow),
    );
    const urls = { fromUrl: loadUrl(topology, from), toUrl: loadUrl(topology, to) };
    placed.push({ flow, queue: drillQueue(drill, flow), from, to, ...urls, ...size, producersOn, consumersOn });
  }
  return placed;
}

function noWay(topology: Topology, from: string, to: string): string | null {
  const unknown = [from, to].find((group) => !groupNames(topology).includes(group));
  if (unknown !== undefined) return `the load names group ${unknown}, which the topology does not have`;
  const isJoined = from === to || waysOf(topology).some((way) => way.from === from && way.to === to);
  return isJoined ? null : `no bridges carry messages from ${from} to ${to}`;
}

/** Null when the fault takes the only host there is. */
function placeEnd(topology: Topology, group: string, avoid: readonly string[]): string | null {
  const own = hostsOfGroup(topology, group);
  const all = brokerHosts(topology);
  const isFree = (host: string): boolean => !avoid.includes(host);
  const free = own.find(isFree) ?? all.find(isFree);
  if (free !== undefined) return free;
  // all are touched, as by a partition between groups: then a client is on the side of its brokers
  return all.length > 1 ? (own[0] ?? null) : null;
}

const noHost = (avoid: readonly string[]): string =>
  `the fault touches ${avoid.join(', ')}, the only host from which the load could run: ` +
  'use a topology with brokers on another host, or a fault that leaves the host alone';

function unusedName(name: string, used: readonly string[]): string {
  let candidate = name;
  for (let number = 2; used.includes(candidate); number++) candidate = `${name}.${number}`;
  return candidate;
}

const RECONNECT = {
  randomize: 'false',
  initialReconnectDelay: '50',
  maxReconnectDelay: '500',
  // a host that drops packets would otherwise take 30 s to be given up
  'nested.connectionTimeout': '3000',
};

/** Never gives up: the load ends at its own deadline, and until then an outage is what it measures. */
function loadUrl(topology: Topology, group: string): string {
  const nodes = nodesOfGroup(topology, group).map(
    ({ host, openwire }) => `${openwireScheme(topology)}://${hostOf(topology, host).address}:${openwire}`,
  );
  const query = Object.entries(RECONNECT).map(([key, value]) => `${key}=${value}`);
  return `failover:(${nodes.join(',')})?${query.join('&')}`;
}
