/** What a record keeps of a topology: all that a report draws, and nothing that a host could be reached by. Pure. */
import { storeOf } from '../stores/index.js';
import {
  databasesOf,
  groupNames,
  groupOf,
  hostNames,
  nodesOfGroup,
  serversOf,
  type Topology,
} from '../topology/topology.js';
import type { DrillRecord } from './record.js';

export type RecordedTopology = DrillRecord['topology'];

export function recordedTopology(topology: Topology): RecordedTopology {
  const groups = groupNames(topology);
  return {
    groups: Object.fromEntries(
      groups.map((group) => [group, nodesOfGroup(topology, group).map(({ name, host }) => ({ node: name, host }))]),
    ),
    bridges: topology.bridges.map(({ name, from, to, duplex }) => ({ from, to, name, duplex })),
    hosts: hostNames(topology),
    stores: Object.fromEntries(
      groups.map((group) => {
        const { database, ensemble } = storeOf(topology, group);
        return [group, { kind: groupOf(topology, group).store.kind, service: database ?? ensemble }];
      }),
    ),
    services: [
      ...databasesOf(topology).map(({ name, engine, host }) => ({ name, engine, servers: [{ name, host }] })),
      ...Object.keys(topology.ensembles ?? {}).map((ensemble) => ({
        name: ensemble,
        engine: 'zookeeper',
        servers: serversOf(topology, ensemble).map(({ name, host }) => ({ name, host })),
      })),
    ],
  };
}
