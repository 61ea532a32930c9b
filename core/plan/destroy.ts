/** What is left to remove of a cluster. Only what carries its labels is ever found, so only that is removed. Pure. */
import type { Topology } from '../topology/topology.js';
import type { Step } from './step.js';

/** What the engine of one host has with the cluster's labels. */
export interface Found {
  host: string;
  containers: { name: string; host: string }[];
  networks: { name: string }[];
  volumes: { name: string }[];
}

export interface DestroyPlan {
  containers: Step[];
  networks: Step[];
  volumes: Step[];
  /** Volumes that stay because they hold data. */
  kept: string[];
}

export function planDestroy(topology: Topology, found: readonly Found[], deleteData: boolean): DestroyPlan {
  const reason = `it carries the labels of ${topology.name}`;
  const step = (kind: Step['kind'], host: string, name: string): Step => ({
    id: `${kind}/${name}`,
    kind,
    host,
    target: name,
    summary: `${name} · ${WORDS[kind] ?? kind}`,
    reason,
  });
  const volumes = found.flatMap(({ host, volumes: all }) => all.map(({ name }) => step('removeVolume', host, name)));
  return {
    containers: found.flatMap(({ host, containers }) =>
      containers.map(({ name }) => step('removeContainer', host, name)),
    ),
    networks: found.flatMap(({ host, networks }) => networks.map(({ name }) => step('removeNetwork', host, name))),
    volumes: deleteData ? volumes : [],
    kept: deleteData ? [] : volumes.map((volume) => volume.target ?? '').sort(),
  };
}

const WORDS: Partial<Record<Step['kind'], string>> = {
  removeContainer: 'stop its nodes, remove the container',
  removeNetwork: 'remove the network',
  removeVolume: 'remove the volume and its data',
};
