/** The networkConnectors of a group's nodes: how they find the other group's master, and how far messages travel. */
import { multicastGroup } from '../naming.js';
import { openwireScheme } from '../tls.js';
import { hasLoops, longestWay } from '../topology/graph.js';
import type { BridgeSpec, Topology } from '../topology/topology.js';
import { bridgesFrom, hostOf, nodesOfGroup } from '../topology/topology.js';
import { element, type Element } from './xml.js';

/**
 * Retries once a second for ever. With ActiveMQ's own back-off a bridge came back 13 s after the other group did
 * (masterslave:) and up to 30 s (static:); with these 1.4 s and 0.9 s. A shorter delay fills the log of an outage.
 */
const BOUNDED = 'useExponentialBackOff=false&initialReconnectDelay=1000&maxReconnectDelay=1000';

/**
 * Replay needs more than one hop: after a failover the broker has a new id, and with messageTTL=1 none of the stranded
 * messages came back (measured); so a message may go each way of the network that many times.
 */
const REPLAYS = 8;

/** Null when no bridge starts at the group: the element must not be empty. */
export function networkConnectors(topology: Topology, group: string): Element | null {
  const bridges = bridgesFrom(topology, group);
  if (bridges.length === 0) return null;
  return element(
    'networkConnectors',
    {},
    bridges.map((bridge) => networkConnector(topology, bridge)),
  );
}

/**
 * What is left at ActiveMQ's defaults is meant: conduitSubscriptions (the consumers of a group count as one, so topics
 * cross once), dynamicOnly=false (what durable subscribers are owed goes on flowing while they are away) and a
 * prefetchSize of 1000 (a bridge is a consumer that never rests; acknowledged one by one, so nothing is lost with it).
 */
const networkConnector = (topology: Topology, bridge: BridgeSpec): Element =>
  element('networkConnector', {
    name: bridge.name,
    duplex: bridge.duplex,
    ...reach(topology),
    userName: '${bridge.user}',
    password: '${bridge.password}',
    uri: discoveryUri(topology, bridge),
  });

/**
 * A consumer is made known as far as the longest of the shortest ways, and no farther: more would only offer detours.
 * Where there are loops as well, the way with fewer bridges wins, and a consumer that is heard of twice counts once.
 */
function reach(topology: Topology): Record<string, string | number | boolean> {
  const hops = longestWay(topology);
  const ttl = topology.strandedMessages === 'replay' ? { messageTTL: REPLAYS * hops, consumerTTL: hops } : {};
  if (hops < 2) return ttl;
  const loops = { decreaseNetworkConsumerPriority: true, suppressDuplicateQueueSubscriptions: true };
  return { messageTTL: hops, consumerTTL: hops, ...ttl, ...(hasLoops(topology) ? loops : {}) };
}

function discoveryUri(topology: Topology, bridge: BridgeSpec): string {
  if (bridge.discovery === 'multicast') {
    const uri = `multicast://default?group=${multicastGroup(topology.name, bridge.to)}`;
    return bridge.backOff === 'bounded' ? `${uri}&${BOUNDED}` : uri;
  }
  const uris = nodesOfGroup(topology, bridge.to).map(
    (node) => `${openwireScheme(topology)}://${hostOf(topology, node.host).address}:${node.openwire}`,
  );
  // masterslave: wants at least two URIs, and with one node there is nobody to choose between
  const scheme = uris.length === 1 ? 'static' : bridge.discovery;
  const list = `${scheme}:(${uris.join(',')})`;
  return bridge.backOff === 'bounded' ? `${list}?${BOUNDED}` : list;
}

/** Only a group that a bridge looks for announces itself: a connector that hears itself tries itself again and again. */
export const announcement = (topology: Topology, group: string): string | null =>
  topology.bridges.some(({ to, discovery }) => to === group && discovery === 'multicast')
    ? `multicast://default?group=${multicastGroup(topology.name, group)}`
    : null;
