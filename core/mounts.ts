/** What of a host outlives it: stores and databases, each in a volume of its own. And who lives there. */
import { databaseBase } from './layout.js';
import { databaseVolume, storeVolume } from './naming.js';
import { storeMounts } from './stores/index.js';
import { databasesOnHost, nodesOnHost, type Topology } from './topology/topology.js';

export interface Mount {
  volume: string;
  path: string;
  role: 'store' | 'database';
  /** Group of a store; name of a database. */
  of: string;
}

export const mountsOf = (topology: Topology, host: string): Mount[] => [
  ...storeMounts(topology, host).map(({ group, directory }): Mount => ({
    volume: storeVolume(topology.name, group),
    path: directory,
    role: 'store',
    of: group,
  })),
  ...databasesOnHost(topology, host).map(({ name }): Mount => ({
    volume: databaseVolume(topology.name, name),
    path: databaseBase(topology, name),
    role: 'database',
    of: name,
  })),
];

/** What the agent of a host starts and keeps, by name. */
export const residentsOf = (topology: Topology, host: string): string[] =>
  [...nodesOnHost(topology, host), ...databasesOnHost(topology, host)].map(({ name }) => name);
