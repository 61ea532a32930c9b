/** Strikes at what joins hosts: networks, bridges, databases, ZooKeeper. Pure. */
import { storeOf } from '../stores/index.js';
import {
  bridgesFrom,
  groupOf,
  hostNames,
  hostOf,
  hostsOfGroup,
  nodesOfGroup,
  serversOf,
  type Node,
  type Topology,
} from '../topology/topology.js';
import { firstGroup, type Blow, type Made, type StrikeResult } from './blow.js';
import type { HostFault } from './host-fault.js';
import type { FaultSpec, Target } from './scenario.js';

type Drop = Extract<HostFault, { kind: 'drop' }>;

/** ZooKeeper ends a session that it has not heard of for its timeout; three of them leave no doubt. */
const SESSION_TIMEOUTS = 3;

/**
 * Only ZooKeeper's port: the brokers and their clients go on reaching each other. A server of its own host is cut off from the
 * node like the others, and serves the nodes of other hosts all the while.
 */
export function sessionStrike(topology: Topology, { node, made }: { node: Node; made: Made }): StrikeResult {
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
      blows: [{ host: node.host, fault: { ...dropTo(addresses, ports, holdSeconds), asksOnly: true } }],
    },
    holdSeconds,
  );
}

export function partitionStrike(
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
export function bridgeStrike(
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

export function databaseStrike(
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

const dropTo = (addresses: string[], ports: number[], holdSeconds: number): Drop => ({
  by: 'network',
  kind: 'drop',
  addresses,
  except: false,
  ports,
  holdSeconds,
});

export const dropAllBut = (addresses: string[], holdSeconds: number): Drop => ({
  by: 'network',
  kind: 'drop',
  addresses,
  except: true,
  ports: [],
  holdSeconds,
});
