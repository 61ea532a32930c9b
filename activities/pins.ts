/**
 * A host stays on its engine or machine from one operation to the next: the worker remembers where it was. Where it is
 * now decides, so a host that is there is pinned anew; one that is missing here and known elsewhere is not made a second
 * time (docs/decisions/0005-hosts-stay-where-they-were.md).
 */
import { EverbrokerError } from '../core/failure.js';
import { hostOf, type Topology } from '../core/topology/topology.js';
import type { Deps } from './deps.js';

export interface Pins {
  of(cluster: string, host: string): Promise<string | null>;
  record(cluster: string, host: string, id: string): Promise<void>;
}

/**
 * @param id Engine or machine that was reached. `isThere`: whether the cluster's host is on it.
 * @throws EverbrokerError EngineChanged
 */
export async function holdPin(
  deps: Deps,
  topology: Topology,
  { host, id, isThere }: { host: string; id: string; isThere: boolean },
): Promise<void> {
  const pinned = await deps.pins.of(topology.name, host);
  if (pinned === id) return;
  if (isThere) return deps.pins.record(topology.name, host, id);
  if (pinned === null) return;
  const what = hostOf(topology, host).kind === 'docker' ? 'Docker engine' : 'machine';
  throw new EverbrokerError(
    'EngineChanged',
    `host ${host} of ${topology.name} is on ${what} ${pinned}, but this worker now reaches ${id}, which has nothing of it. If ${pinned} is gone for good, remove pins/${topology.name} in the worker's state directory`,
    { host, pinned, reached: id },
  );
}
