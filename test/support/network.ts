/** Clusters of several groups for tests of the ways between them: one host and one node a group, unless it must fail over. */
import type { TopologyInput } from '../../core/topology/schema.js';
import type { Topology } from '../../core/topology/topology.js';
import { AGENT_FILE } from '../../core/layout.js';
import { hostsOfGroup } from '../../core/topology/topology.js';
import { JRE_IMAGE } from '../../images/jre-image.js';
import { rolesOf, until, type System } from './system.js';

type BridgeInput = NonNullable<TopologyInput['bridges']>[number];

/** `AB` joins brokerA and brokerB. */
export const joints = (pairs: string, change: Partial<BridgeInput> = {}): BridgeInput[] =>
  pairs.split(' ').map((pair) => ({
    name: pair,
    from: `broker${pair[0] ?? ''}`,
    to: `broker${pair[1] ?? ''}`,
    ...change,
  }));

/** kill -9 of the node that serves a group; resolves when all is well again, with the other one as master. */
export async function killMaster(system: System, topology: Topology, group: string): Promise<void> {
  const status = await (await system.everbroker.status({ cluster: topology.name })).result();
  const master = status.nodes.find((node) => node.group === group && node.role === 'master')?.node ?? '';
  await system.sh(topology, hostsOfGroup(topology, group)[0] ?? '', `sh ${AGENT_FILE} kill ${master}`);
  await system.untilStatus(topology.name, ({ healthy, nodes }) => healthy && rolesOf(nodes)[master] === 'slave');
}

/** A verification's checks that failed, as text; empty when it passed. */
export async function faultsOf(system: System, topology: Topology): Promise<string[]> {
  const { checks, verdict } = await (await system.everbroker.verify({ topology: { ...topology } })).result();
  const faults = checks
    .filter((check) => !check.ok)
    .map((check) => `${check.name} | ${check.fault ?? ''} | ${check.detail}`);
  if ((verdict === 'passed') !== (faults.length === 0))
    throw new Error(`verdict ${verdict} with ${faults.length} faults`);
  return faults;
}

/** Seconds until a verification passes. */
export async function secondsUntilProven(system: System, topology: Topology, limitMs: number): Promise<number> {
  const began = Date.now();
  let faults: string[] = [];
  try {
    await until('a passed verification', async () => (faults = await faultsOf(system, topology)).length === 0, limitMs);
  } catch (error) {
    throw new Error(faults.join('\n'), { cause: error });
  }
  return (Date.now() - began) / 1000;
}

/** On the image that has Java already: installing one takes half a minute, and is another test's subject. */
export const withJava = (topology: Topology): Topology => ({
  ...topology,
  hosts: Object.fromEntries(
    Object.entries(topology.hosts).map(([name, host]) => [
      name,
      host.kind === 'docker' ? { ...host, image: JRE_IMAGE } : host,
    ]),
  ),
});
