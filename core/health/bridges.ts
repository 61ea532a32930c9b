/** Whether each bridge stands, by the word of the brokers at both of its ends. That messages cross it is proof.ts's. */
import type { Check } from '../contract.js';
import { groupNames, nodesOfGroup, type BridgeSpec, type Topology } from '../topology/topology.js';
import { failed, passed } from './fault.js';
import type { BridgeReading } from './jolokia-reading.js';
import type { NodeReading } from './roles.js';

export const bridgeCheckName = (bridge: BridgeSpec): string => `bridge ${bridge.name} is connected`;

/** That a direction is not carried cannot be seen by waiting for messages; that nothing is there to carry it can. */
const onlyOwnName = (group: string): string => `${group} has no other bridges`;

export const bridgeCheckNames = (topology: Topology): string[] => [
  ...topology.bridges.map(bridgeCheckName),
  ...groupNames(topology).map(onlyOwnName),
];

export const judgeBridges = (topology: Topology, readings: readonly NodeReading[]): Check[] => [
  ...topology.bridges.map((bridge) => judgeBridge(topology, bridge, readings)),
  ...groupNames(topology).map((group) => judgeOthers(topology, group, readings)),
];

/** Bridges that the brokers say stand, at both ends where both know. */
export const connectedBridges = (topology: Topology, checks: readonly Check[]): string[] =>
  topology.bridges
    .filter((bridge) => checks.some((check) => check.ok && check.name === bridgeCheckName(bridge)))
    .map(({ name }) => name);

/** One that a person or an intruder added, by JMX or from another broker; a dead one of ours is not another. */
function judgeOthers(topology: Topology, group: string, readings: readonly NodeReading[]): Check {
  const name = onlyOwnName(group);
  const seen = bridgesAt(topology, group, readings);
  if (seen === null) return failed(name, 'NoMaster', `no broker of ${group} answers that could tell`);
  const own = topology.bridges.flatMap((bridge) => [
    ...(bridge.from === group ? [endOf(bridge, 'from')] : []),
    ...(bridge.to === group && bridge.duplex ? [endOf(bridge, 'to')] : []),
  ]);
  const others = seen.filter(
    (reading) =>
      !own.some(
        ({ kind, named, leads }) =>
          reading.kind === kind &&
          (named === null ? [leads, null].includes(reading.remoteBroker) : named === reading.connector),
      ),
  );
  if (others.length === 0) return passed(name, `${seen.length} by Jolokia, each of the topology`);
  const text = others.map(
    ({ kind, connector, remoteBroker }) =>
      `${connector} ${kind === 'networkConnectors' ? 'to' : 'from'} ${remoteBroker ?? 'nowhere yet'}`,
  );
  return failed(name, 'BridgeUnexpected', `the topology does not know: ${text.join(', ')}`);
}

function judgeBridge(topology: Topology, bridge: BridgeSpec, readings: readonly NodeReading[]): Check {
  const name = bridgeCheckName(bridge);
  const wanted = [endOf(bridge, 'from'), ...(bridge.duplex ? [endOf(bridge, 'to')] : [])];
  const ends = wanted.map((end) => ({ ...end, seen: bridgesAt(topology, end.at, readings) }));
  const missing = ends.flatMap(({ at, leads, kind, named, seen }): string[] => {
    if (seen === null) return [`no broker of ${at} answers that could tell`];
    const own = seen.filter((reading) => reading.kind === kind && (named === null || reading.connector === named));
    if (own.some((reading) => reading.remoteBroker === leads)) return [];
    const other = own.map((reading) => reading.remoteBroker ?? 'nowhere').join(', ');
    return [`the master of ${at} has no such connection to ${leads}${other === '' ? '' : ` (but one to ${other})`}`];
  });
  if (missing.length > 0) return failed(name, 'BridgeDown', missing.join('; '));
  return passed(
    name,
    `${bridge.from} → ${bridge.to}${bridge.duplex ? ' and back' : ''}, by Jolokia at each end that knows`,
  );
}

interface End {
  at: string;
  leads: string;
  kind: BridgeReading['kind'];
  /** The name under which it is listed; the end that was dialled knows none and numbers it (`#0`). */
  named: string | null;
}

/** The end that dials lists a bridge under networkConnectors; of a duplex one the other end knows too. */
const endOf = ({ name, from, to }: BridgeSpec, end: 'from' | 'to'): End =>
  end === 'from'
    ? { at: from, leads: to, kind: 'networkConnectors', named: name }
    : { at: to, leads: from, kind: 'duplexNetworkConnectors', named: null };

/** Bridges of the brokers of a group that answer; null when none does. */
function bridgesAt(topology: Topology, group: string, readings: readonly NodeReading[]): BridgeReading[] | null {
  const names = nodesOfGroup(topology, group).map((node) => node.name);
  const answers = readings.flatMap(({ observation, broker }) =>
    names.includes(observation.name) && broker.state === 'answered' ? [broker.broker] : [],
  );
  return answers.length === 0 ? null : answers.flatMap((broker) => broker.bridges);
}
