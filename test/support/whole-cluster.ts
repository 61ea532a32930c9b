/** Whether a cluster is whole, without Temporal and without a worker: what its hosts show, and who reaches what. */
import { portOf } from '../../core/databases/engines.js';
import {
  brokerHosts,
  groupNames,
  hostNames,
  hostOf,
  nodesOfGroup,
  nodesOnHost,
  servicesOf,
  servicesOnHost,
  type Topology,
} from '../../core/topology/topology.js';
import type { System } from './system.js';

/** A line for each thing that keeps it from being whole; none when it is. */
export async function whatIsMissing(system: System, topology: Topology): Promise<string[]> {
  const onHosts = hostNames(topology).map((host) => missingOn(system, topology, host));
  const ofGroups = groupNames(topology).map((group) => missingMaster(system, topology, group));
  return (await Promise.all([...onHosts, ...ofGroups])).flat();
}

/** Its JVMs run, no timer of the agent is armed, and hosts with brokers reach every group's master and every service. */
async function missingOn(system: System, topology: Topology, host: string): Promise<string[]> {
  const ways = brokerHosts(topology).includes(host) ? waysOf(topology) : [];
  const text = await system.sh(topology, host, lookAt(ways)).catch((error: unknown) => String(error));
  const zookeepers = servicesOnHost(topology, host).filter(({ engine }) => engine === 'zookeeper');
  const wanted = [
    `running ${nodesOnHost(topology, host).length + zookeepers.length}`,
    'stopped 0',
    'armed 0',
    ...ways.map(({ name }) => `reached ${name}`),
  ];
  const seen = text.split('\n');
  return wanted.filter((line) => !seen.includes(line)).map((line) => `${host}: not ${line}`);
}

/** From outside, where clients are. */
async function missingMaster(system: System, topology: Topology, group: string): Promise<string[]> {
  const serving = await Promise.all(
    nodesOfGroup(topology, group).map(async ({ host, openwire }) => {
      const stream = await system
        .host(topology, host)
        .open(openwire, { timeoutMs: 1000 })
        .catch(() => null);
      stream?.destroy();
      return stream !== null;
    }),
  );
  const masters = serving.filter((serves) => serves).length;
  return masters === 1 ? [] : [`${group}: ${masters} brokers serve`];
}

interface Way {
  name: string;
  /** Of which one is to answer. */
  addresses: string[];
}

const waysOf = (topology: Topology): Way[] => [
  ...groupNames(topology).map((group) => ({
    name: group,
    addresses: nodesOfGroup(topology, group).map(({ host, openwire }) => addressOf(topology, host, openwire)),
  })),
  ...servicesOf(topology).map((service) => ({
    name: service.name,
    addresses: [addressOf(topology, service.host, portOf(service))],
  })),
];

const addressOf = (topology: Topology, host: string, port: number): string =>
  `/dev/tcp/${hostOf(topology, host).address}/${port}`;

const lookAt = (ways: readonly Way[]): string =>
  `running=0 stopped=0
for process in $(grep -lsaz '^-Dactivemq.base=' /proc/[0-9]*/cmdline); do
  case $(cut -d')' -f2 "\${process%/cmdline}/stat" | cut -c2) in T) stopped=$((stopped + 1)) ;; Z) ;; *) running=$((running + 1)) ;; esac
done
echo "running $running"
echo "stopped $stopped"
echo "armed $(ls /var/lib/everbroker/faults/*/armed 2>/dev/null | grep -c . || true)"
${ways.map(({ name, addresses }) => `for way in ${addresses.join(' ')}; do if timeout 1 bash -c ": <$way" 2>/dev/null; then echo 'reached ${name}'; break; fi; done`).join('\n')}
:`;
