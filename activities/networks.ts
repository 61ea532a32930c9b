/** Networks of containers: their subnets are settled once an operation, then they are made. */
import { EverbrokerError } from '../core/failure.js';
import { LABEL_CLUSTER, LABEL_CREATOR, LABEL_ROLE } from '../core/naming.js';
import type { StepResult } from '../core/plan/step.js';
import { addressesOn, chooseSubnet, placeTopology } from '../core/topology/place.js';
import { dockerHostOf, networkHosts, type DockerHostSpec, type Topology } from '../core/topology/topology.js';
import type { Deps } from './deps.js';
import { ownedEngine } from './platforms/docker-engine.js';
import type { Created } from './platforms/platform.js';
import type { StepInput } from './step-input.js';

/**
 * Settles the subnet of each network: that of the network if it exists, else the preferred one if it is free, else
 * the next free one (policy `preferred`).
 * @throws EverbrokerError SubnetTaken for a pinned subnet, NameTaken for a network that is not this cluster's.
 */
export async function placeNetworks(
  deps: Deps,
  { topology }: { topology: Topology },
): Promise<{ topology: Topology; notes: string[] }> {
  const subnets: Record<string, string> = {};
  const notes: string[] = [];
  for (const spec of networksOf(topology)) {
    const { name, subnet, policy } = spec.network;
    const engine = deps.engine(spec.engine);
    const existing = await engine.network(name);
    if (existing !== null && existing.labels[LABEL_CLUSTER] !== topology.name) {
      throw new EverbrokerError('NameTaken', `network ${name} exists and is not this cluster's`, { network: name });
    }
    const settled = existing?.subnet ?? chooseSubnet(subnet, await engine.subnetsInUse(), addressesOn(topology, name));
    if (existing === null && settled !== subnet && policy === 'pinned') {
      throw new EverbrokerError(
        'SubnetTaken',
        `network ${name}: the pinned subnet ${subnet} is taken on this engine or machine`,
        { network: name, subnet },
      );
    }
    if (existing !== null && existing.subnet !== subnet && policy === 'pinned') {
      throw new EverbrokerError(
        'SubnetTaken',
        `network ${name} exists with subnet ${existing.subnet}, but the topology pins ${subnet}`,
        { network: name, subnet },
      );
    }
    subnets[name] = settled;
    if (settled !== subnet) notes.push(`${name} uses ${settled}, because ${subnet} is taken`);
  }
  return { topology: placeTopology(topology, subnets), notes };
}

function networksOf(topology: Topology): DockerHostSpec[] {
  const specs = networkHosts(topology).map((host) => dockerHostOf(topology, host));
  return [...new Map(specs.map((spec) => [spec.network.name, spec])).values()];
}

export async function createNetwork(deps: Deps, input: StepInput): Promise<StepResult & Created> {
  const { topology, host, token } = input;
  const { network } = dockerHostOf(topology, host);
  const engine = await ownedEngine(deps, input);
  const created = [`${host}|network|${network.name}`];
  const existing = await engine.network(network.name);
  if (existing !== null) {
    if (existing.labels[LABEL_CLUSTER] !== topology.name) {
      throw new EverbrokerError('NameTaken', `network ${network.name} exists and is not this cluster's`, {
        network: network.name,
      });
    }
    // An earlier attempt of this very step may have made it and died before it could say so.
    const ours = existing.labels[LABEL_CREATOR] === token;
    return { changed: ours, note: network.subnet, created: ours ? created : [] };
  }
  await engine.createNetwork({
    name: network.name,
    subnet: network.subnet,
    labels: { [LABEL_CLUSTER]: topology.name, [LABEL_ROLE]: 'network', [LABEL_CREATOR]: token },
  });
  return { changed: true, note: network.subnet, created };
}
