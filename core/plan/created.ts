/** What a step creates, as `host|kind|name`: a rollback removes these, also when the step was cut before it could tell. */
import { mountsOf } from '../mounts.js';
import { containerName, stateVolume } from '../naming.js';
import { dockerHostOf, firstHost, hostOf, type Topology } from '../topology/topology.js';
import type { Step } from './step.js';

export function mayCreate(topology: Topology, { kind, host = firstHost(topology) }: Step): string[] {
  if (kind === 'prepareHost') return hostOf(topology, host).kind === 'ssh' ? [createdMachine(host)] : [];
  if (kind === 'createNetwork') return [`${host}|network|${dockerHostOf(topology, host).network.name}`];
  if (kind !== 'createContainer') return [];
  const stores = mountsOf(topology, host).map(({ volume }) => volume);
  const volumes = [stateVolume(topology.name, host), ...stores].map((volume) => `${host}|volume|${volume}`);
  return [...volumes, `${host}|container|${containerName(topology, host)}`];
}

/** A machine is not made, but everything of Everbroker on it is. */
export const createdMachine = (host: string): string => `${host}|machine|${host}`;
