/** Steps that are the same for every host, whatever carries it: prepared, found again, undone. */
import type { Found } from '../core/plan/destroy.js';
import type { Topology } from '../core/topology/topology.js';
import type { Deps } from './deps.js';
import { holdPin } from './pins.js';
import { byPlatform, platformOf } from './platforms/index.js';
import type { Prepared } from './platforms/platform.js';
import type { StepInput } from './step-input.js';

/** Brings the agent, the manifest and the host's key up to date on a host that runs. */
export const prepareHost = (deps: Deps, input: StepInput, signal: AbortSignal): Promise<Prepared> =>
  platformOf(input.topology, input.host).prepare(deps, input, signal);

/** What there is of a cluster on these hosts and around them. */
export async function findCluster(
  deps: Deps,
  { topology, hosts }: { topology: Topology; hosts: string[] },
): Promise<Found[]> {
  // A removal that finds nothing on the wrong engine would be believed.
  for (const host of hosts) {
    const { placement } = await platformOf(topology, host).survey({ deps, topology, host });
    if (placement !== undefined)
      await holdPin(deps, topology, { host, id: placement.engineId, isThere: placement.container.exists });
  }
  const finds = byPlatform(topology, hosts).map(([platform, names]) => platform.find(deps, topology, names));
  return (await Promise.all(finds)).flat();
}

/** Undoes one creation of this run. What is gone already is as wanted. */
export const removeCreated = (
  deps: Deps,
  { topology, host, token, created }: { topology: Topology; host: string; token: string; created: string },
): Promise<void> => platformOf(topology, host).undo({ deps, topology, host }, { token, created });
