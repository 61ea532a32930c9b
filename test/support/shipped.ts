/** The topologies that come with Everbroker, moved out of the way of a cluster that somebody has started from them. */
import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parseTopologyText } from '../../core/topology/parse.js';
import { formatProblems } from '../../core/topology/problem.js';
import type { Topology } from '../../core/topology/topology.js';
import { freePort } from './free-port.js';

/** As it is in the file, with all defaults filled in. */
export async function shippedTopology(name: string): Promise<Topology> {
  const text = await readFile(new URL(`../../topologies/${name}.yaml`, import.meta.url), 'utf8');
  const result = parseTopologyText(text, { name });
  if (!result.ok) throw new Error(formatProblems(result.problems));
  return result.topology;
}

/**
 * The same with names, ports and the subnet of its own; everything else (versions, paths, stores, bridges, policies,
 * last parts of addresses) stays as shipped.
 */
export async function shippedCopy(name: string): Promise<Topology> {
  const topology = await shippedTopology(name);
  const tag = `t-${randomInt(0x10000000, 0x7fffffff).toString(16)}`;
  const subnet = `10.${randomInt(100, 200)}.${randomInt(0, 256)}`;
  topology.name = `${tag}-${name}`;
  for (const host of Object.values(topology.hosts)) {
    if (host.kind !== 'docker') continue;
    host.network = { ...host.network, name: `${tag}-${host.network.name}`, subnet: `${subnet}.0/24` };
    host.address = `${subnet}.${host.address.split('.').at(-1) ?? ''}`;
    if (host.container !== undefined) host.container = `${tag}-${host.container}`;
  }
  for (const node of Object.values(topology.groups).flatMap((group) => Object.values(group.nodes))) {
    node.openwire = await freePort();
    node.console = await freePort();
  }
  return topology;
}
