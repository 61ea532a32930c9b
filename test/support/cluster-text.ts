import { hostNames, type Topology } from '../../core/topology/topology.js';
import type { System } from './system.js';

/** What a deployment that changes nothing must leave as it is: containers, JVMs, how often each was started. */
export async function clusterText(system: System, topology: Topology): Promise<string> {
  const containers = (await system.engine.listContainers(topology.name)).map(({ id }) => id).sort();
  const hosts = await Promise.all(
    hostNames(topology).map((host) =>
      system.sh(
        topology,
        host,
        'cd /var/lib/everbroker/nodes && for node in *; do echo "$node $(cat "$node/starts")"; done',
      ),
    ),
  );
  return [...containers, ...hosts].join('\n');
}
