/** Readings of a cluster that is well, for tests that break them one signal at a time. */
import type { BridgeReading, BrokerFacts } from '../../core/health/jolokia-reading.js';
import type { NodeObservation } from '../../core/health/observation.js';
import type { Looks, NodeReading } from '../../core/health/roles.js';
import { allNodes, nodesOfGroup, type Node, type Topology } from '../../core/topology/topology.js';

/** The first node of each group is its master. */
export const wellLooks = (topology: Topology): Looks => ({
  readings: allNodes(topology).map((node, index) =>
    nodesOfGroup(topology, node.group)[0]?.name === node.name
      ? masterReading(topology, node, index + 100)
      : slaveReading(node, index + 100),
  ),
  unseen: {},
});

function masterReading(topology: Topology, node: Node, pid: number): NodeReading {
  return {
    host: node.host,
    observation: {
      ...common(node, pid),
      listening: [node.openwire, node.console],
      log: { role: 'master', line: 'Apache ActiveMQ 5.18.3 started' },
      lock: 'held',
    },
    broker: { state: 'answered', broker: facts(topology, node) },
  };
}

const slaveReading = (node: Node, pid: number): NodeReading => ({
  host: node.host,
  observation: {
    ...common(node, pid),
    listening: [],
    log: { role: 'slave', line: 'This broker is now in slave mode' },
    lock: 'held-by-other',
  },
  broker: { state: 'refused', detail: 'the port is closed' },
});

const common = (node: Node, pid: number): Omit<NodeObservation, 'listening' | 'log' | 'lock'> => ({
  name: node.name,
  desired: 'up',
  process: { alive: true, pid, state: 'S', uptimeMs: 60_000 },
  launchedWith: 'f',
  currentFingerprint: 'f',
  storeWritable: true,
  credentialsVersion: 1,
  starts: 1,
});

const facts = (topology: Topology, node: Node): BrokerFacts => ({
  brokerName: node.group,
  version: topology.activemq.version,
  isSlave: false,
  uptimeMs: 60_000,
  status: 'Good',
  storePercentUsage: 0,
  connectors: { openwire: `tcp://0.0.0.0:${node.openwire}` },
  bridges: topology.bridges.flatMap(({ name, from, to, duplex }): BridgeReading[] => [
    ...(from === node.group ? [aBridge('networkConnectors', name, to)] : []),
    ...(to === node.group && duplex ? [aBridge('duplexNetworkConnectors', '#0', from)] : []),
  ]),
});

const aBridge = (kind: BridgeReading['kind'], connector: string, remoteBroker: string): BridgeReading => ({
  kind,
  connector,
  remoteBroker,
  remoteAddress: 'tcp://10.0.0.1:61616',
  createdByDuplex: kind === 'duplexNetworkConnectors',
  enqueued: 0,
  dequeued: 0,
});

/** The same reading of a broker that has no bridge. */
export const withoutBridges = (reading: NodeReading): NodeReading =>
  reading.broker.state === 'answered'
    ? { ...reading, broker: { ...reading.broker, broker: { ...reading.broker.broker, bridges: [] } } }
    : reading;
