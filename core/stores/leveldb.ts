/**
 * A store of its own for each node; the master's is copied to the others as it is written. Who is master the nodes elect
 * in ZooKeeper, by how far their copies are. ActiveMQ gave it up with 5.17.
 */
import { element } from '../activemq/xml.js';
import { replicaDirectory } from '../layout.js';
import { replicationPath } from '../naming.js';
import { hostOf, nodeNamed, nodesOfGroup, serversOf, type Topology } from '../topology/topology.js';
import { FAILURE_ACCESS, ZOOKEEPER_CLIENT, ZOOKEEPER_CLIENT_PROTOCOL } from './drivers.js';
import type { Placed, StoreKind, StoreOf } from './store-kind.js';

type Leveldb = StoreOf<'leveldb'>;

/** A node that waits says one of these: that there are too few for an election, or that it follows a master. */
const WAITS = 'Not enough cluster members|Slave started';
/** A node that was the last one missing is elected within it. */
const ELECTION_MS = 1000;

const serversFor = ({ topology, spec }: Placed<Leveldb>): string[] =>
  spec.ensemble === undefined
    ? (spec.zookeeper ?? '').split(',')
    : serversOf(topology, spec.ensemble).map(({ host, port }) => `${hostOf(topology, host).address}:${port}`);

/** Nodes that ask different ensembles elect as many masters. In containers the volumes of its servers are the ensemble. */
function ensemblePlace(topology: Topology, spec: Leveldb): string | null {
  if (spec.ensemble === undefined) return (spec.zookeeper ?? '').split(',').sort().join(',');
  const hosts = serversOf(topology, spec.ensemble).map(({ host }) => topology.hosts[host]);
  if (hosts.some((host) => host === undefined)) return null;
  const machines = hosts.flatMap((host) => (host?.kind === 'ssh' ? [host.address] : []));
  return [spec.ensemble, ...machines.sort()].join(',');
}

function addressOf({ topology }: Placed<Leveldb>, name: string): string {
  const { host, replication = 0 } = nodeNamed(topology, name);
  return `tcp://${hostOf(topology, host).address}:${replication}`;
}

/** Its buffers are freed by a class of the JVM's own, which Java 9 and later lend to nobody unless told. */
const MODULE_FLAGS = [
  '--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED',
  '--add-opens=java.base/jdk.internal.ref=ALL-UNNAMED',
  '--add-opens=java.base/java.nio=ALL-UNNAMED',
  '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED',
];

export const leveldb: StoreKind<Leveldb> = {
  kind: 'leveldb',
  identity: ({ topology, group, spec }) => {
    const place = ensemblePlace(topology, spec);
    return place === null ? null : `leveldb:${place}${replicationPath(topology.name, group)}`;
  },
  directory: () => null,
  replica: replicaDirectory,
  ports: ({ replication }) => (replication === undefined ? [] : [replication]),
  adapter: (store, name) => {
    const { topology, group, spec } = store;
    return element('replicatedLevelDB', {
      directory: replicaDirectory(topology, name),
      replicas: nodesOfGroup(topology, group).length,
      bind: addressOf(store, name),
      hostname: hostOf(topology, nodeNamed(topology, name).host).address,
      zkAddress: serversFor(store).join(','),
      zkPath: replicationPath(topology.name, group),
      // Milliseconds: a number without a unit.
      zkSessionTimeout: spec.sessionTimeoutMs,
      sync: spec.sync,
      // Without it a master gives its messages to anyone who asks on that port.
      securityToken: '${store.password}',
    });
  },
  beans: () => [],
  // In place of the client that comes with ActiveMQ, and what its archive forgot: without it no slave becomes master.
  drivers: () => [ZOOKEEPER_CLIENT, ZOOKEEPER_CLIENT_PROTOCOL, FAILURE_ACCESS],
  javaFlags: MODULE_FLAGS,
  login: () => ({ user: 'replication', password: 'generate' }),
  waits: () => ({ line: WAITS, ms: ELECTION_MS }),
  asked: true,
  // Two that register at the same moment can end with a null pointer in the election's listener.
  startsTogether: false,
  lease: () => null,
  election: (store) => ({
    servers: serversFor(store),
    path: replicationPath(store.topology.name, store.group),
    address: (node) => addressOf(store, node),
  }),
  database: () => null,
  ensemble: (spec) => spec.ensemble ?? null,
};
