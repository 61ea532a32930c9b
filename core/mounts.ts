/** What of a host outlives it: stores, replicas and databases, each in a volume of its own. And who lives there. */
import { databaseBase } from './layout.js';
import { LABEL_DATABASE, LABEL_GROUP, LABEL_NODE, databaseVolume, replicaVolume, storeVolume } from './naming.js';
import { replicaMounts, storeMounts } from './stores/index.js';
import { nodesOnHost, servicesOnHost, type Topology } from './topology/topology.js';

export interface Mount {
  volume: string;
  path: string;
  role: 'store' | 'replica' | 'database';
  /** Group of a store, node of a replica, name of a database. */
  of: string;
}

export const mountsOf = (topology: Topology, host: string): Mount[] => [
  ...storeMounts(topology, host).map(({ group, directory }): Mount => ({
    volume: storeVolume(topology.name, group),
    path: directory,
    role: 'store',
    of: group,
  })),
  ...replicaMounts(topology, host).map(({ node, directory }): Mount => ({
    volume: replicaVolume(topology.name, node),
    path: directory,
    role: 'replica',
    of: node,
  })),
  ...servicesOnHost(topology, host).map(({ name }): Mount => ({
    volume: databaseVolume(topology.name, name),
    path: databaseBase(topology, name),
    role: 'database',
    of: name,
  })),
];

/** The label that says what a mount belongs to. */
export const MOUNT_LABELS: Record<Mount['role'], string> = {
  store: LABEL_GROUP,
  replica: LABEL_NODE,
  database: LABEL_DATABASE,
};

/** What the agent of a host starts and keeps, by name. */
export const residentsOf = (topology: Topology, host: string): string[] =>
  [...nodesOnHost(topology, host), ...servicesOnHost(topology, host)].map(({ name }) => name);
