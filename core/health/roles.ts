/**
 * Who is master and who is slave, from signals that do not depend on each other. A waiting slave has no open ports and
 * answers nothing, and "slave mode" is logged also when there is no master at all, so no single signal is believed:
 * process, ports, log, the lock's holder in /proc/locks, and the broker's own word over Jolokia must agree.
 */
import type { Check } from '../contract.js';
import { hostsOfGroup, nodesOfGroup, type Node, type Topology } from '../topology/topology.js';
import type { BrokerReading } from './jolokia-reading.js';
import type { NodeObservation } from './observation.js';

export interface NodeReading {
  host: string;
  observation: NodeObservation;
  /** What the node's console port answered. */
  broker: BrokerReading;
}

/** Names of the faults that verification tells apart. */
export type Fault =
  | 'NodeDown'
  | 'NodeFrozen'
  | 'NoMaster'
  | 'TwoMasters'
  | 'StoreNotWritable'
  | 'WrongPort'
  | 'ConsoleUnreachable'
  | 'WrongBrokerName'
  | 'BadCredentials'
  | 'SignalsDisagree'
  | 'StaleConfiguration'
  | 'HostUnseen'
  | 'BridgeDown'
  | 'MessagesLost'
  | 'LoginRefused'
  | 'LoginNotRequired';

export interface GroupVerdict {
  group: string;
  master: string | null;
  checks: Check[];
}

export function roleOf(
  node: Node,
  { observation, broker }: NodeReading,
): 'master' | 'slave' | 'starting' | 'down' | 'unknown' {
  if (!observation.process.alive) return 'down';
  if (claimsMaster(node, observation))
    return broker.state === 'answered' || broker.state === 'unauthorized' ? 'master' : 'starting';
  if (observation.log.role === 'slave' && observation.listening.length === 0) return 'slave';
  return observation.log.role === 'starting' || observation.log.role === 'none' ? 'starting' : 'unknown';
}

const claimsMaster = (node: Node, seen: NodeObservation): boolean =>
  seen.listening.includes(node.openwire) || seen.log.role === 'master' || seen.lock === 'held';

export function judgeGroup(topology: Topology, group: string, readings: readonly NodeReading[]): GroupVerdict {
  const read = nodesOfGroup(topology, group).map((node) => ({
    node,
    reading: readings.find((reading) => reading.observation.name === node.name),
  }));
  const masters = read.filter(
    ({ node, reading }) =>
      reading !== undefined && claimsMaster(node, reading.observation) && reading.observation.process.alive,
  );
  const checks = read.map(({ node, reading }) => judgeNode(node, reading));
  return {
    group,
    master: masters.length === 1 ? (masters[0]?.node.name ?? null) : null,
    checks: [
      judgeMasters(
        topology,
        group,
        masters.map(({ node }) => node.name),
        readings,
      ),
      ...checks,
    ],
  };
}

function judgeMasters(topology: Topology, group: string, masters: string[], readings: readonly NodeReading[]): Check {
  const name = `one master of ${group}`;
  if (masters.length === 1) return { name, ok: true, detail: `${masters[0]} is the master` };
  if (masters.length > 1) {
    return {
      name,
      ok: false,
      fault: 'TwoMasters',
      detail: `${masters.join(' and ')} are masters at once: they do not share one store`,
    };
  }
  const alive = readings.filter((reading) => reading.observation.process.alive);
  if (alive.length > 0 && alive.every((reading) => !reading.observation.storeWritable)) {
    const hosts = hostsOfGroup(topology, group).join(', ');
    return {
      name,
      ok: false,
      fault: 'StoreNotWritable',
      detail: `every node says "slave", but none holds the lock: the brokers' user cannot write the store on ${hosts}`,
    };
  }
  return { name, ok: false, fault: 'NoMaster', detail: `no node of ${group} serves and holds the lock` };
}

function judgeNode(node: Node, reading: NodeReading | undefined): Check {
  const name = `${node.name} of ${node.group}`;
  const fail = (fault: Fault, detail: string): Check => ({ name, ok: false, fault, detail });
  if (reading === undefined) return fail('HostUnseen', `could not look at host ${node.host}`);
  const seen = reading.observation;
  if (!seen.process.alive) return fail('NodeDown', `${node.name} does not run (meant to be ${seen.desired})`);
  if (seen.process.state === 'T')
    return fail('NodeFrozen', `${node.name} is stopped (SIGSTOP): it keeps the lock and answers nothing`);
  return claimsMaster(node, seen) ? judgeMaster(node, reading, fail) : judgeSlave(node, reading, fail);
}

type Fail = (fault: Fault, detail: string) => Check;

function judgeMaster(node: Node, { observation: seen, broker }: NodeReading, fail: Fail): Check {
  const missing = [node.openwire, node.console].filter((port) => !seen.listening.includes(port));
  if (missing.length > 0) {
    const open = seen.listening.join(', ') || 'none';
    return fail(
      'WrongPort',
      `${node.name} is master but does not listen on ${missing.join(', ')} (listens on: ${open})`,
    );
  }
  switch (broker.state) {
    case 'unauthorized':
      return fail('BadCredentials', `the console of ${node.name} refuses the cluster's credentials`);
    case 'answered':
      break;
    default:
      return fail('ConsoleUnreachable', `the console of ${node.name} on port ${node.console}: ${broker.state}`);
  }
  const { brokerName, isSlave } = broker.broker;
  if (brokerName !== node.group) {
    return fail('WrongBrokerName', `${node.name} calls itself "${brokerName}", not "${node.group}"`);
  }
  const against = [
    isSlave && 'Jolokia says slave',
    seen.log.role !== 'master' && `its log says ${seen.log.role}`,
    (seen.lock === 'free' || seen.lock === 'held-by-other') && `the lock is ${seen.lock}`,
  ].filter((text) => text !== false);
  if (against.length > 0)
    return fail('SignalsDisagree', `${node.name} listens as master, but ${against.join(' and ')}`);
  const lock = seen.lock === 'held' ? ', holds the lock' : '';
  return {
    name: `${node.name} of ${node.group}`,
    ok: true,
    detail: `master: process ${seen.process.pid}, ports open, log, Jolokia${lock}`,
  };
}

function judgeSlave(node: Node, { observation: seen, broker }: NodeReading, fail: Fail): Check {
  if (seen.listening.length > 0) {
    return fail('WrongPort', `${node.name} is no master but listens on ${seen.listening.join(', ')}`);
  }
  if (broker.state === 'answered')
    return fail('SignalsDisagree', `${node.name} has no ports, but something answers on ${node.console}`);
  if (seen.log.role !== 'slave') {
    return fail(
      'SignalsDisagree',
      `${node.name} runs without serving, and its log says ${seen.log.role}${seen.log.line ? `: ${seen.log.line}` : ''}`,
    );
  }
  if (!seen.storeWritable)
    return fail('StoreNotWritable', `${node.name} waits as slave but its user cannot write the store`);
  const lock = seen.lock === 'held-by-other' ? ', another holds the lock' : '';
  return {
    name: `${node.name} of ${node.group}`,
    ok: true,
    detail: `slave: process ${seen.process.pid}, ports closed, log${lock}`,
  };
}

/** The failed checks as one message. */
export const rolesFailure = (verdict: GroupVerdict): string =>
  verdict.checks
    .filter((check) => !check.ok)
    .map((check) => `${check.fault ?? 'failed'}: ${check.detail}`)
    .join('\n');
