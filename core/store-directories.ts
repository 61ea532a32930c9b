import { storeMounts } from './stores/index.js';
import type { Topology } from './topology/topology.js';

/** Directories of the stores that nodes of a host share, each once. */
export const storeDirectories = (topology: Topology, host: string): string[] => [
  ...new Set(storeMounts(topology, host).map(({ directory }) => directory)),
];
