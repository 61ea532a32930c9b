/** The benchmark's clusters: ha-6 and ha-6-ssh under names of its own, on hosts that have a Java. */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { topologySchema, type TopologyInput } from '../core/topology/schema.js';

export const CLUSTER = 'everbroker-bench';
const NETWORK = { name: 'everbroker-bench-qqnetwork', subnet: '10.213.8.0/24' };
/** Ports of ha-6 are moved by so much: away from a cluster that runs here, and below the machine's ephemeral ports. */
const OPENWIRE_SHIFT = 31716 - 61616;
const CONSOLE_SHIFT = 31261 - 8161;

async function shipped(name: string): Promise<TopologyInput> {
  const text = await readFile(new URL(`../topologies/${name}.yaml`, import.meta.url), 'utf8');
  return topologySchema.parse(z.unknown().parse(parse(text)));
}

/** On ports and in a subnet of its own. */
export async function dockerTopology(image: string, name = 'ha-6'): Promise<TopologyInput> {
  const topology = await shipped(name);
  topology.name = CLUSTER;
  for (const host of Object.values(topology.hosts)) {
    if (host.kind !== 'docker') continue;
    host.image = image;
    host.network = { ...host.network, ...NETWORK };
    host.address = `10.213.8.${host.address.split('.').at(-1)}`;
  }
  for (const node of Object.values(topology.groups).flatMap((group) => Object.values(group.nodes))) {
    node.openwire += OPENWIRE_SHIFT;
    node.console += CONSOLE_SHIFT;
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
