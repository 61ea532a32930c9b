/**
 * Who is master and who is slave, from signals that do not depend on each other. A waiting slave has no open ports and
 * answers nothing, and "slave mode" is logged also when there is no master at all, so no single signal is believed:
 * process, ports, log, the lock's holder in /proc/locks, and the broker's own word over Jolokia must agree.
 */
import type { Check } from '../contract.js';
import { hostsOfGroup, nodesOfGroup, type Node, type Topology } from '../topology/topology.js';
import { failed, passed } from './fault.js';
import type { BrokerReading } from './jolokia-reading.js';
import { judgeStore, type StoreReading } from './store-reading.js';
import { judgeMaster, judgeSlave, nodeCheckName } from './node-signals.js';
import type { NodeObservation } from './observation.js';

export interface NodeReading {
  host: string;
  observation: NodeObservation;
  /** What the node's console port answered. */
  broker: BrokerReading;
  /** What the database answered that was asked from the node's host, where the store is one. */
  store?: StoreReading;
}

/** What was seen of nodes, and why hosts could not be looked at. */
export interface Looks {
  readings: readonly NodeReading[];
  /** Reason by host: not to have looked is another thing than to have found nothing. */
  unseen: Record<string, string>;
}

export interface GroupVerdict {
  group: string;
  master: string | null;
  checks: Check[];
}

export const mastersCheckName = (group: string): string => `one master of ${group}`;

export function roleOf(
  node: Node,
  { observation, broker }: NodeReading,
): 'master' | 'slave' | 'starting' | 'down' | 'unknown' {
  if (!observation.process.alive) return 'down';
  if (isFrozen(observation)) return 'unknown';
  if (claimsMaster(node, observation))
    return broker.state === 'answered' || broker.state === 'unauthorized' ? 'master' : 'starting';
  if (observation.log.role === 'slave' && observation.listening.length === 0) return 'slave';
  return observation.log.role === 'starting' || observation.log.role === 'none' ? 'starting' : 'unknown';
}

const claimsMaster = (node: Node, seen: NodeObservation): boolean =>
  seen.process.alive && (seen.listening.includes(node.openwire) || seen.log.role === 'master' || seen.lock === 'held');

/** T: stopped by a signal; t: by a debugger. */
const isFrozen = ({ process }: NodeObservation): boolean => process.state === 'T' || process.state === 't';

interface Seen {
  node: Node;
  reading: NodeReading | undefined;
}

export function judgeGroup(topology: Topology, group: string, { readings, unseen }: Looks): GroupVerdict {
  const nodes = nodesOfGroup(topology, group).map((node): Seen => ({
    node,
    reading: readings.find((reading) => reading.observation.name === node.name),
  }));
  const masters = nodes.filter(({ node, reading }) => reading !== undefined && claimsMaster(node, reading.observation));
  const master = masters.length === 1 ? (masters[0]?.node.name ?? null) : null;
  const stores = nodes.flatMap(({ reading }) => reading?.store ?? []);
  return {
    group,
    master,
    checks: [
      judgeMasters({ topology, group, nodes, masters }),
      ...judgeStore(topology, group, { readings: stores, master }),
      ...nodes.map((seen) => judgeNode(topology, seen, unseen)),
    ],
  };
}

function judgeMasters({
  topology,
  group,
  nodes,
  masters,
}: {
  topology: Topology;
  group: string;
  nodes: readonly Seen[];
  masters: readonly Seen[];
}): Check {
  const name = mastersCheckName(group);
  const names = masters.map(({ node }) => node.name);
  const [master] = masters;
  if (masters.length > 1)
    return failed(name, 'TwoMasters', `${names.join(' and ')} are masters at once: they do not share one store`);
  if (master === undefined) return noMaster(topology, group, nodes);
  if (master.reading !== undefined && isFrozen(master.reading.observation)) {
    const detail = `${master.node.name} keeps the lock of the store but is stopped (SIGSTOP): nobody serves ${group}`;
    return failed(name, 'NodeFrozen', detail);
  }
  const dark = nodes.filter(({ reading }) => reading === undefined).map(({ node }) => node.name);
  if (dark.length > 0) {
    const detail = `${master.node.name} is master, but nobody could look whether ${dark.join(', ')} is one too`;
    return failed(name, 'HostUnseen', detail);
  }
  return passed(name, `${master.node.name} is the master`);
}

function noMaster(topology: Topology, group: string, nodes: readonly Seen[]): Check {
  const name = mastersCheckName(group);
  const alive = nodes.flatMap(({ reading }) => (reading?.observation.process.alive ? [reading.observation] : []));
  if (alive.length > 0 && alive.every((seen) => !seen.storeWritable)) {
    const hosts = hostsOfGroup(topology, group).join(', ');
    const detail = `every node of ${group} waits as a slave and nobody serves: the brokers' user cannot write the store on ${hosts}`;
    return failed(name, 'StoreNotWritable', detail);
  }
  const roles = nodes.map(({ node, reading }) => `${node.name} ${reading ? roleOf(node, reading) : 'not seen'}`);
  return failed(name, 'NoMaster', `nobody serves ${group} and holds the lock of its store (${roles.join(', ')})`);
}

function judgeNode(topology: Topology, { node, reading }: Seen, unseen: Record<string, string>): Check {
  const name = nodeCheckName(node);
  if (reading === undefined) {
    const why = unseen[node.host] ?? `host ${node.host} told nothing about it`;
    return failed(name, 'HostUnseen', `could not look at ${node.name}: ${why}`);
  }
  const seen = reading.observation;
  if (!seen.process.alive) return failed(name, 'NodeDown', downText(node, reading));
  if (isFrozen(seen)) {
    const detail = `process ${seen.process.pid} of ${node.name} is stopped (SIGSTOP): it answers nothing`;
    return failed(name, 'NodeFrozen', seen.lock === 'held' ? `${detail} and keeps the lock of the store` : detail);
  }
  if (seen.desired !== 'up')
    return failed(name, 'SignalsDisagree', `${node.name} runs although it is meant to be ${seen.desired}`);
  if (!seen.storeWritable)
    return failed(name, 'StoreNotWritable', `the brokers' user cannot write the store of ${node.name}`);
  return claimsMaster(node, seen) ? judgeMaster(topology, node, reading) : judgeSlave(node, reading);
}

function downText(node: Node, { observation: seen, broker }: NodeReading): string {
  if (seen.desired === 'unknown' && broker.state === 'refused') return `${node.name} does not run: ${broker.detail}`;
  const start = seen.log.role === 'failed' ? `; its last start failed: ${seen.log.line ?? 'see its log'}` : '';
  return `${node.name} does not run (it is meant to be ${seen.desired})${start}`;
}
