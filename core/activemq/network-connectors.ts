/** The networkConnectors of a group's nodes: how they find the other group's master. */
import type { BridgeSpec, Topology } from '../topology/topology.js';
import { bridgesFrom, hostOf, nodesOfGroup } from '../topology/topology.js';
import { EverbrokerError } from '../failure.js';
import { element, type Element } from './xml.js';

/**
 * Retries once a second for ever. With ActiveMQ's own back-off a bridge came back 13 s after the other group did
 * (masterslave:) and up to 30 s (static:); with these 1.4 s and 0.9 s. A shorter delay fills the log of an outage.
 */
const BOUNDED = 'useExponentialBackOff=false&initialReconnectDelay=1000&maxReconnectDelay=1000';

/**
 * Replay needs more than one hop: after a failover the broker has a new id, and with messageTTL=1 none of the stranded
 * messages came back (measured). Consumers are still made known to the next group only.
 */
const REPLAY = { messageTTL: 8, consumerTTL: 1 };

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

const networkConnector = (topology: Topology, bridge: BridgeSpec): Element =>
  element('networkConnector', {
    name: bridge.name,
    duplex: bridge.duplex,
    ...(topology.strandedMessages === 'replay' ? REPLAY : {}),
    userName: '${bridge.user}',
    password: '${bridge.password}',
    uri: discoveryUri(topology, bridge),
  });

function discoveryUri(topology: Topology, bridge: BridgeSpec): string {
  if (bridge.discovery === 'multicast')
    throw new EverbrokerError('NotSupportedYet', `bridge ${bridge.name}: multicast discovery is not supported yet`);
  const uris = nodesOfGroup(topology, bridge.to).map(
    (node) => `tcp://${hostOf(topology, node.host).address}:${node.openwire}`,
  );
  // masterslave: wants at least two URIs, and with one node there is nobody to choose between
  const scheme = uris.length === 1 ? 'static' : bridge.discovery;
  const list = `${scheme}:(${uris.join(',')})`;
  return bridge.backOff === 'bounded' ? `${list}?${BOUNDED}` : list;
}
