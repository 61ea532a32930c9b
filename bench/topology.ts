/** The benchmark's clusters: ha-6 and ha-6-ssh under names of its own, on hosts that have a Java. */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { topologySchema, type TopologyInput } from '../core/topology/schema.js';

export const CLUSTER = 'everbroker-bench';
/** Of two clusters at once the second has a name, a subnet and ports of its own. */
export type Lane = 0 | 1;
const laneName = (lane: Lane): string => (lane === 0 ? CLUSTER : `${CLUSTER}-${lane + 1}`);
/** All that a benchmark may have left behind. */
export const CLUSTERS = [laneName(0), laneName(1)];
const SUBNETS = ['10.213.8', '10.213.10'] as const;
/** Ports of ha-6 are moved by so much: away from a cluster that runs here, and below the machine's ephemeral ports. */
const OPENWIRE_SHIFT = 31716 - 61616;
const CONSOLE_SHIFT = 31261 - 8161;
const LANE_SHIFT = 20;

async function shipped(name: string): Promise<TopologyInput> {
  const text = await readFile(new URL(`../topologies/${name}.yaml`, import.meta.url), 'utf8');
  return topologySchema.parse(z.unknown().parse(parse(text)));
}

/** On ports and in a subnet of its own. */
export async function dockerTopology(image: string, name = 'ha-6', lane: Lane = 0): Promise<TopologyInput> {
  const topology = await shipped(name);
  topology.name = laneName(lane);
  const subnet = SUBNETS[lane];
  const network = { name: `${topology.name}-qqnetwork`, subnet: `${subnet}.0/24` };
  for (const host of Object.values(topology.hosts)) {
    if (host.kind !== 'docker') continue;
    host.image = image;
    host.network = { ...host.network, ...network };
    host.address = `${subnet}.${host.address.split('.').at(-1)}`;
  }
  for (const node of Object.values(topology.groups).flatMap((group) => Object.values(group.nodes))) {
    node.openwire += OPENWIRE_SHIFT + lane * LANE_SHIFT;
    node.console += CONSOLE_SHIFT + lane * LANE_SHIFT;
  }
  return topology;
}

/** On machines at these addresses. Their ports are nobody else's, so the recipe's own stay. */
export async function sshTopology(addresses: readonly string[]): Promise<TopologyInput> {
  const topology = await shipped('ha-6-ssh');
  topology.name = `${CLUSTER}-ssh`;
  for (const [index, host] of Object.values(topology.hosts).entries()) {
    const address = addresses[index];
    if (address === undefined) throw new Error(`only ${addresses.length} machines`);
    host.address = address;
  }
  return topology;
}
