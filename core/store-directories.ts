import { replicaMounts, storeMounts } from './stores/index.js';
import type { Topology } from './topology/topology.js';

/** Directories of the stores of a host's nodes, each once. */
export const storeDirectories = (topology: Topology, host: string): string[] => [
  ...new Set([...storeMounts(topology, host), ...replicaMounts(topology, host)].map(({ directory }) => directory)),
];
