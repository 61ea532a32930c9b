/** Whether all signals of one running node say the same: of a master that it serves, of a slave that it only waits. */
import type { Check } from '../contract.js';
import { storeOf } from '../stores/index.js';
import type { Node, Topology } from '../topology/topology.js';
import { failed, passed } from './fault.js';
import type { BrokerFacts } from './jolokia-reading.js';
import type { NodeObservation } from './observation.js';
import type { NodeReading } from './roles.js';

export const nodeCheckName = (node: Node): string => `${node.name} of ${node.group}`;

export function judgeMaster(topology: Topology, node: Node, reading: NodeReading): Check {
  const { observation: seen, broker } = reading;
  const ports = portFault(node, seen, storeOf(topology, node.group).ports(node));
  if (ports !== null) return ports;
  const name = nodeCheckName(node);
  switch (broker.state) {
    case 'answered':
      return judgeAnswer(topology, node, { seen, broker: broker.broker });
    case 'unauthorized':
      return failed(name, 'BadCredentials', `the console of ${node.name} refuses the cluster's credentials`);
    case 'timeout':
      return failed(
        name,
        'ConsoleUnreachable',
        `${node.name} took a connection on port ${node.console} and said nothing`,
      );
    case 'refused':
    case 'unexpected':
      return failed(name, 'ConsoleUnreachable', `the console of ${node.name}, port ${node.console}: ${broker.detail}`);
  }
}

function portFault(node: Node, seen: NodeObservation, ofStore: readonly number[]): Check | null {
  const name = nodeCheckName(node);
  const wanted = [node.openwire, node.console, ...ofStore];
  const missing = wanted.filter((port) => !seen.listening.includes(port));
  const extra = seen.listening.filter((port) => !wanted.includes(port));
  if (missing.length === 0 && extra.length === 0) return null;
  if (seen.log.role === 'starting')
    return failed(name, 'NotReady', `${node.name} has the lock and is starting: ${missing.join(', ')} not open yet`);
  if (extra.length === 0 && missing.every((port) => port === node.console))
    return failed(name, 'ConsoleUnreachable', `${node.name} is master, but its console port ${node.console} is closed`);
  const parts = [
    missing.length > 0 && `does not listen on ${missing.join(', ')}`,
    extra.length > 0 && `listens on ${extra.join(', ')}, which the topology does not have`,
  ].filter((part) => part !== false);
  return failed(name, 'WrongPort', `${node.name} is master, but ${parts.join(' and ')}`);
}

function judgeAnswer(
  { activemq }: Topology,
  node: Node,
  { seen, broker }: { seen: NodeObservation; broker: BrokerFacts },
): Check {
  const name = nodeCheckName(node);
  if (broker.brokerName !== node.group) {
    const detail = `the broker of ${node.name} calls itself "${broker.brokerName}", not "${node.group}"`;
    return failed(name, 'WrongBrokerName', detail);
  }
  if (broker.version !== activemq.version)
    return failed(name, 'WrongVersion', `${node.name} runs ActiveMQ ${broker.version}, not ${activemq.version}`);
  const against = [
    broker.isSlave && 'Jolokia says slave',
    seen.log.role !== 'master' && `its log says ${seen.log.role}`,
    (seen.lock === 'free' || seen.lock === 'held-by-other') && `the lock of the store is ${seen.lock}`,
  ].filter((text) => text !== false);
  if (against.length > 0)
    return failed(name, 'SignalsDisagree', `${node.name} listens as master, but ${against.join(' and ')}`);
  const lock = seen.lock === 'held' ? ', holds the lock' : '';
  return passed(name, `master: process ${seen.process.pid}, ports open, log, Jolokia${lock}`);
}

/** The lock tells nothing of a slave: where its master is in another container, /proc/locks shows it as free. */
export function judgeSlave(node: Node, { observation: seen, broker }: NodeReading): Check {
  const name = nodeCheckName(node);
  if (seen.listening.length > 0)
    return failed(name, 'WrongPort', `${node.name} is no master but listens on ${seen.listening.join(', ')}`);
  if (broker.state !== 'refused')
    return failed(name, 'SignalsDisagree', `${node.name} has no ports, but something answers on ${node.console}`);
  const said = seen.log.line === undefined ? '' : `: ${seen.log.line}`;
  switch (seen.log.role) {
    case 'slave':
      return passed(
        name,
        `slave: process ${seen.process.pid}, ports closed, log${seen.lock === 'held-by-other' ? ', another holds the lock' : ''}`,
      );
    case 'failed':
      return failed(name, 'StartFailed', `the start of ${node.name} failed${said}`);
    default:
      return failed(name, 'NotReady', `${node.name} runs but neither serves nor waits yet${said}`);
  }
}
