/** What is left to remove of a cluster. Only what carries its labels, or lies under its manifest, is ever found. Pure. */
import type { Topology } from '../topology/topology.js';
import type { Step } from './step.js';

/** What the engine of one host has with the cluster's labels, and what machines have of it. */
export interface Found {
  host: string;
  containers: { name: string; host: string }[];
  networks: { name: string }[];
  volumes: { name: string }[];
  machine?: FoundMachine;
}

/** What a machine that is no container has of the cluster whose manifest lies there. */
export interface FoundMachine {
  /** Whether agent, nodes or homes are there. */
  installed: boolean;
  /** Stores that exist, and the state: what stays unless data is deleted. */
  data: string[];
}

export interface DestroyPlan {
  containers: Step[];
  networks: Step[];
  volumes: Step[];
  /** Volumes and directories that stay because they hold data. */
  kept: string[];
}

export function planDestroy(topology: Topology, found: readonly Found[], deleteData: boolean): DestroyPlan {
  const step = (kind: Step['kind'], host: string, name: string): Step => ({
    id: `${kind}/${name}`,
    kind,
    host,
    target: name,
    summary: `${name} · ${WORDS[kind] ?? kind}`,
    reason: `${kind === 'clearHost' || kind === 'clearData' ? 'its manifest is that' : 'it carries the labels'} of ${topology.name}`,
  });
  const machines = found.flatMap(({ host, machine }) => (machine === undefined ? [] : [{ host, ...machine }]));
  const volumes = found.flatMap(({ host, volumes: all }) => all.map(({ name }) => step('removeVolume', host, name)));
  const data = machines.flatMap(({ host, data: left }) => (left.length > 0 ? [step('clearData', host, host)] : []));
  const kept = [
    ...volumes.map((volume) => volume.target ?? ''),
    ...machines.flatMap(({ host, data: left }) => left.map((directory) => `${host}:${directory}`)),
  ];
  return {
    containers: [
      ...found.flatMap(({ host, containers }) => containers.map(({ name }) => step('removeContainer', host, name))),
      ...machines.flatMap(({ host, installed }) => (installed ? [step('clearHost', host, host)] : [])),
    ],
    networks: found.flatMap(({ host, networks }) => networks.map(({ name }) => step('removeNetwork', host, name))),
    volumes: deleteData ? [...volumes, ...data] : [],
    kept: deleteData ? [] : kept.sort(),
  };
}

const WORDS: Partial<Record<Step['kind'], string>> = {
  removeContainer: 'stop its nodes, remove the container',
  removeNetwork: 'remove the network',
  removeVolume: 'remove the volume and its data',
  clearHost: 'stop its nodes, remove agent, homes and nodes',
  clearData: 'remove the stores and the state',
};
