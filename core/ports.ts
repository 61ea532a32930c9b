/** On which ports of a host something of a cluster listens. */
import { portOf } from './databases/engines.js';
import { storeOf } from './stores/index.js';
import { ensembleNamed, nodesOnHost, servicesOnHost, type Service, type Topology } from './topology/topology.js';

/** With the name of the node or service that wants it. */
export const portsOnHost = (topology: Topology, host: string): { port: number; of: string }[] =>
  [
    ...nodesOnHost(topology, host).map((node) => ({
      of: node.name,
      ports: [node.openwire, node.console, ...storeOf(topology, node.group).ports(node)],
    })),
    ...servicesOnHost(topology, host).map((service) => ({
      of: service.name,
      ports: portsOfService(topology, service),
    })),
  ].flatMap(({ of, ports }) => ports.map((port) => ({ of, port })));

function portsOfService(topology: Topology, service: Service): number[] {
  const client = portOf(service);
  if (service.engine !== 'zookeeper') return [client];
  const { hosts, peerPort, electionPort } = ensembleNamed(topology, service.ensemble);
  return hosts.length > 1 ? [client, peerPort, electionPort] : [client];
}
