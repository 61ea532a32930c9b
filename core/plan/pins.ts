/**
 * From the first look on every host stays where it was seen: on its engine, or on its machine. Workers that reach
 * different ones under the same name would make half a cluster on each. Pure.
 */
import type { HostObservation } from '../health/observation.js';
import { hostNames, hostOf, type Topology } from '../topology/topology.js';

/** Id of the engine or the machine on which a host was seen; undefined when nobody could tell. */
export const carrierIdOf = (seen: HostObservation): string | undefined => seen.placement?.engineId ?? seen.machine?.id;

/** Hosts with the same words here are carried by one engine or machine, as far as the topology tells. */
function carrierOf(topology: Topology, host: string): string {
  const spec = hostOf(topology, host);
  return spec.kind === 'docker'
    ? `${spec.taskQueue} engine ${spec.engine ?? ''}`
    : `${spec.taskQueue} machine ${spec.address}:${spec.port}`;
}

/** Why a host cannot be on this engine or machine, when it or one like it was seen on another; null when it can. */
export function pinConflict(
  topology: Topology,
  pins: Readonly<Record<string, string>>,
  { host, id }: { host: string; id: string },
): string | null {
  const { kind, taskQueue } = hostOf(topology, host);
  const what = kind === 'docker' ? 'engine' : 'machine';
  const mates = hostNames(topology).filter((name) => carrierOf(topology, name) === carrierOf(topology, host));
  for (const mate of [host, ...mates]) {
    const pinned = pins[mate] ?? id;
    if (pinned === id) continue;
    const where = mate === host ? 'it was' : `${mate}, of the same task queue and ${what}, is`;
    const name = kind === 'docker' ? 'Docker engine' : what;
    return `host ${host} was looked for on ${name} ${id}, but ${where} on ${pinned}: all workers of task queue ${taskQueue} must reach one ${what}`;
  }
  return null;
}
