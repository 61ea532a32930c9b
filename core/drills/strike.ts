/**
 * From a scenario and the roles of the moment to what is done on which host. Pure: the workflow runs it right before it
 * injects, so that "the master" is the one of that moment.
 */
import type { NodeReading } from '../health/roles.js';
import { roleOf } from '../health/roles.js';
import { storeOf } from '../stores/index.js';
import {
  allNodes,
  bridgesFrom,
  groupNames,
  groupOf,
  hostNames,
  hostOf,
  hostsOfGroup,
  nodeNamed,
  nodesOfGroup,
  serversOf,
  type Node,
  type Topology,
} from '../topology/topology.js';
import { holdOf } from './faults.js';
import type { HostFault } from './host-fault.js';
import type { FaultSpec, Scenario, Target } from './scenario.js';

/** One fault on one host. */
export interface Blow {
  host: string;
  fault: HostFault;
}

/** What is hit at once; a drill has several only where each node is hit in turn. */
export interface Strike {
  /** Names for people: nodes, hosts, `bridge A-B`, `database x`. */
  targets: string[];
  /** The group that loses something. */
  group: string | null;
  /** Hosts from which no load may be driven. */
  touched: string[];
  detail: string;
  blows: Blow[];
  holdSeconds: number;
}

/** A strike that is to be worked out when its turn has come. */
export type Aim = { node: string } | null;

/** The turns of a scenario: one, or one a node; all of them as often as it is repeated. */
export function aimsOf(topology: Topology, { target, repeat }: Scenario): Aim[] {
  const once: Aim[] = target.role === 'each-node' ? allNodes(topology).map(({ name }) => ({ node: name })) : [null];
  return Array.from({ length: repeat }, () => once).flat();
}

export type StrikeResult = { ok: true; strike: Strike } | { ok: false; reason: string };

/** @param aim The node whose turn it is, of `each-node`. */
export function strikeOf(
  topology: Topology,
  { scenario, readings, aim }: { scenario: Scenario; readings: readonly NodeReading[]; aim: Aim },
): StrikeResult {
  const { fault } = scenario;
  const target: Target = aim === null ? scenario.target : { role: 'node', node: aim.node };
  const holdSeconds = holdOf(fault);
  const made = (rest: Omit<Strike, 'holdSeconds'>, hold = holdSeconds): StrikeResult => ({
    ok: true,
    strike: { ...rest, holdSeconds: hold },
  });
  switch (target.role) {
    case 'none':
      return made({ targets: [], group: null, touched: [], detail: 'nothing is broken', blows: [] });
    case 'bridge':
      return bridgeStrike(topology, { target, fault, made });
    case 'database':
      return databaseStrike(topology, { target, holdSeconds, made });
    default: {
      const node = nodeOf(topology, target, readings);
      if (typeof node === 'string') return { ok: false, reason: node };
      return nodeStrike(topology, { node, fault, made });
    }
  }
}

type Made = (rest: Omit<Strike, 'holdSeconds'>, hold?: number) => StrikeResult;

const firstGroup = (topology: Topology): string => groupNames(topology)[0] ?? '';

/** The node that is meant, or why there is none. */
function nodeOf(
  topology: Topology,
  target: Extract<Target, { role: 'master' | 'slave' | 'host-of-master' | 'node' | 'each-node' }>,
  readings: readonly NodeReading[],
): Node | string {
  if (target.role === 'node') return nodeNamed(topology, target.node);
  if (target.role === 'each-node') return 'each node has its own turn';
  const group = target.group ?? firstGroup(topology);
  const wanted = target.role === 'slave' ? 'slave' : 'master';
  const found = nodesOfGroup(topology, group).find((node) => {
    const reading = readings.find(({ observation }) => observation.name === node.name);
    return reading !== undefined && roleOf(node, reading) === wanted;
  });
  return found ?? `${group} has no ${wanted} at this moment`;
}

function nodeStrike(
  topology: Topology,
  { node, fault, made }: { node: Node; fault: FaultSpec; made: Made },
): StrikeResult {
  const { host, group, name } = node;
  const onAgent = (kind: 'kill' | 'stop' | 'freeze' | 'replace-lock' | 'disk-full', seconds: number): StrikeResult =>
    made({
      targets: [name],
      group,
      touched: [],
      detail: `${kind} ${name} on ${host}`,
      blows: [{ host, fault: { by: 'agent', kind, node: name, holdSeconds: seconds } }],
    });
  const onHost = (what: HostFault, detail: string): StrikeResult =>
    made({ targets: [host], group, touched: [host], detail, blows: [{ host, fault: what }] });
  switch (fault.kind) {
    case 'kill':
      return onAgent('kill', fault.holdSeconds ?? 0);
    case 'stop':
    case 'freeze':
    case 'disk-full':
      return onAgent(fault.kind, fault.holdSeconds);
    case 'replace-lock':
      return onAgent('replace-lock', 0);
    case 'lose-host':
      return fault.how === 'kill'
        ? onHost({ by: 'carrier', kind: 'kill-host', holdSeconds: fault.holdSeconds }, `kill ${host}`)
        : onHost(dropAllBut([], fault.holdSeconds), `cut ${host} off from everything`);
    case 'expire-session':
      return sessionStrike(topology, { node, made });
    case 'partition':
      return partitionStrike(topology, { node, fault, made });
    case 'packets':
      return onHost(
        {
          by: 'network',
          kind: 'impair',
          delayMs: fault.delayMs,
          lossPercent: fault.lossPercent,
          holdSeconds: fault.holdSeconds,
        },
        `packets of ${host}: ${fault.delayMs} ms later, ${fault.lossPercent} % lost`,
      );
    default:
      return { ok: false, reason: `${fault.kind} is not done to a node` };
  }
}

/** ZooKeeper ends a session that it has not heard of for its timeout; three of them leave no doubt. */
const SESSION_TIMEOUTS = 3;

/** Only ZooKeeper's port: the brokers and their clients go on reaching each other. */
function sessionStrike(topology: Topology, { node, made }: { node: Node; made: Made }): StrikeResult {
  const { store } = groupOf(topology, node.group);
  if (store.kind !== 'leveldb' || store.ensemble === undefined)
    return { ok: false, reason: `${node.group} has no ZooKeeper of the topology` };
  const servers = serversOf(topology, store.ensemble);
  const holdSeconds = Math.ceil((SESSION_TIMEOUTS * store.sessionTimeoutMs) / 1000);
  const addresses = servers.map(({ host }) => addressOf(topology, host));
  const ports = [...new Set(servers.map(({ port }) => port))];
  return made(
    {
      targets: [node.name],
      group: node.group,
      touched: [],
      detail: `cut ${node.host} off from ZooKeeper until the session of ${node.name} has ended`,
      blows: [{ host: node.host, fault: dropTo(addresses, ports, holdSeconds) }],
    },
    holdSeconds,
  );
}

function partitionStrike(
  topology: Topology,
  { node, fault, made }: { node: Node; fault: Extract<FaultSpec, { kind: 'partition' }>; made: Made },
): StrikeResult {
  const { host, group } = node;
  const { holdSeconds } = fault;
  if (fault.between === 'host-and-clients') {
    const others = hostNames(topology).filter((name) => name !== host);
    return made({
      targets: [host],
      group,
      touched: [host],
      detail: `cut ${host} off from all but ${others.join(', ') || 'itself'}`,
      blows: [
        {
          host,
          fault: dropAllBut(
            others.map((name) => addressOf(topology, name)),
            holdSeconds,
          ),
        },
      ],
    });
  }
  if (fault.between === 'node-and-store') {
    const database = databaseHostOf(topology, group);
    if (database === null) return { ok: false, reason: `the store of ${group} is in no database of the topology` };
    return made({
      targets: [node.name],
      group,
      touched: [host],
      detail: `cut ${host} off from the database on ${database}`,
      blows: [{ host, fault: dropTo([addressOf(topology, database)], [], holdSeconds) }],
    });
  }
  const own = hostsOfGroup(topology, group);
  const others = hostNames(topology).filter((name) => !own.includes(name));
  if (others.length === 0) return { ok: false, reason: `no host is without nodes of ${group}` };
  const addresses = others.map((name) => addressOf(topology, name));
  return made({
    targets: [group],
    group,
    touched: hostNames(topology),
    detail: `cut ${own.join(', ')} off from ${others.join(', ')}`,
    blows: own.map((name) => ({ host: name, fault: dropTo(addresses, [], holdSeconds) })),
  });
}

/** Only the ports of the other end's brokers, from the side that carries the connector: whatever else crosses, goes on. */
function bridgeStrike(
  topology: Topology,
  { target, fault, made }: { target: Extract<Target, { role: 'bridge' }>; fault: FaultSpec; made: Made },
): StrikeResult {
  const bridge = topology.bridges.find(({ from, to }) => (target.from ?? from) === from && (target.to ?? to) === to);
  if (bridge === undefined) return { ok: false, reason: 'the topology has no such bridge' };
  if (fault.kind !== 'cut-bridge') return { ok: false, reason: `${fault.kind} is not done to a bridge` };
  const connects = [
    bridge.from,
    ...bridgesFrom(topology, bridge.to)
      .filter(({ to }) => to === bridge.from)
      .map(({ from }) => from),
  ];
  const blows = [...new Set(connects)].flatMap((from) => {
    const to = from === bridge.from ? bridge.to : bridge.from;
    return hostsOfGroup(topology, from).map((host): Blow => {
      const far = nodesOfGroup(topology, to).filter((node) => node.host !== host);
      const addresses = [...new Set(far.map((node) => addressOf(topology, node.host)))];
      const ports = far.map(({ openwire }) => openwire);
      return { host, fault: dropTo(addresses, ports, fault.holdSeconds) };
    });
  });
  if (blows.some(({ fault: blow }) => blow.by === 'network' && blow.kind === 'drop' && blow.addresses.length === 0))
    return { ok: false, reason: `both ends of ${bridge.name} are on one host: there is no link to cut` };
  return made({
    targets: [`bridge ${bridge.name}`],
    group: null,
    // The load's own connections to the far group would be cut as well.
    touched: [...new Set(blows.map(({ host }) => host))],
    detail: `cut ${bridge.name} between ${bridge.from} and ${bridge.to}`,
    blows,
  });
}

function databaseStrike(
  topology: Topology,
  { target, holdSeconds, made }: { target: Extract<Target, { role: 'database' }>; holdSeconds: number; made: Made },
): StrikeResult {
  const group = target.group ?? firstGroup(topology);
  const name = databaseOf(topology, group);
  const host = databaseHostOf(topology, group);
  if (name === null || host === null)
    return { ok: false, reason: `the store of ${group} is in no database of the topology` };
  return made({
    targets: [`database ${name}`],
    group,
    touched: [],
    detail: `stop ${name} on ${host} and start it again`,
    blows: [{ host, fault: { by: 'agent', kind: 'restart-service', service: name, holdSeconds } }],
  });
}

const databaseOf = (topology: Topology, group: string): string | null => storeOf(topology, group).database;

function databaseHostOf(topology: Topology, group: string): string | null {
  const name = databaseOf(topology, group);
  return name === null ? null : (topology.databases?.[name]?.host ?? null);
}

const addressOf = (topology: Topology, host: string): string => hostOf(topology, host).address;

const dropTo = (addresses: string[], ports: number[], holdSeconds: number): HostFault => ({
  by: 'network',
  kind: 'drop',
  addresses,
  except: false,
  ports,
  holdSeconds,
});

const dropAllBut = (addresses: string[], holdSeconds: number): HostFault => ({
  by: 'network',
  kind: 'drop',
  addresses,
  except: true,
  ports: [],
  holdSeconds,
});
