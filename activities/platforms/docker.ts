/** Hosts that are containers: their engine carries claim, network, container and volumes. */
import { AGENT_FILE, MANIFEST_FILE } from '../../core/layout.js';
import { EverbrokerError } from '../../core/failure.js';
import type { PlacementObservation } from '../../core/health/observation.js';
import { LABEL_CLUSTER, LABEL_SPEC, containerName } from '../../core/naming.js';
import { manifestText } from '../../core/plan/manifest.js';
import { dockerHostOf } from '../../core/topology/topology.js';
import { ownedBy } from '../../hosts/owned-host.js';
import { run } from '../../hosts/run.js';
import { putFiles } from '../../hosts/transfer.js';
import { askAgent } from '../ask-agent.js';
import { publicKeyOf } from '../host-key.js';
import { dockerLease } from './docker-lease.js';
import { findOnEngines, undoOnEngine } from './docker-removal.js';
import type { Platform, Site, Surroundings } from './platform.js';

export const docker: Platform = {
  leases(deps, topology, hosts) {
    const addresses = new Set(hosts.map((host) => dockerHostOf(topology, host).engine));
    return [...addresses].map((address) => dockerLease(deps, deps.engine(address), topology.name));
  },

  async claimHost({ deps, topology, host }, token) {
    const container = await deps.engine(dockerHostOf(topology, host).engine).container(containerName(topology, host));
    if (!container?.running || container.labels[LABEL_CLUSTER] !== topology.name) return;
    const opened = await deps.openHost(topology, host);
    await run(opened, ['sh', AGENT_FILE, 'claim', token], { timeoutMs: 10_000 });
  },

  async survey(site) {
    const placement = await placementOf(site);
    return { placement, absent: absence(site.host, placement) };
  },

  insistOnOurs,

  look: ({ topology }, host, signal) => askAgent(host, topology, signal),

  async prepare(deps, input, signal) {
    const { topology, host, token } = input;
    const opened = ownedBy(await deps.openHost(topology, host), token);
    await putFiles(
      opened,
      [
        { path: AGENT_FILE, content: deps.agent, mode: 0o755 },
        { path: MANIFEST_FILE, content: manifestText(topology), mode: 0o644 },
      ],
      { timeoutMs: 30_000, signal },
    );
    return { changed: true, publicKey: await publicKeyOf(deps, input, signal), created: [] };
  },

  find: findOnEngines,
  undo: undoOnEngine,
};

async function placementOf({ deps, topology, host }: Site): Promise<PlacementObservation> {
  const spec = dockerHostOf(topology, host);
  const engine = deps.engine(spec.engine);
  const [engineId, network, container] = await Promise.all([
    engine.id(),
    engine.network(spec.network.name),
    engine.container(containerName(topology, host)),
  ]);
  const ours = (labels: Record<string, string> | undefined): boolean => labels?.[LABEL_CLUSTER] === topology.name;
  const specHash = container?.labels[LABEL_SPEC];
  return {
    engineId,
    network: {
      exists: network !== null,
      ours: ours(network?.labels),
      ...(network === null ? {} : { id: network.id, subnet: network.subnet }),
    },
    container: {
      exists: container !== null,
      running: container?.running ?? false,
      ours: ours(container?.labels),
      ...(container === null ? {} : { id: container.id }),
      ...(specHash === undefined ? {} : { specHash }),
    },
  };
}

function absence(host: string, { container }: PlacementObservation): string | null {
  if (container.running && container.ours) return null;
  const why = !container.exists ? 'does not exist' : container.ours ? 'does not run' : 'is not this cluster’s';
  return `the container of ${host} ${why}`;
}

/** Before anything is planned: what another made is neither used nor replaced. */
function insistOnOurs({ topology, host }: Site, { placement }: Surroundings): void {
  if (placement === undefined) return;
  const { network, container } = placement;
  const name = containerName(topology, host);
  if (container.exists && !container.ours)
    throw new EverbrokerError('NameTaken', `container ${name} exists and is not this cluster's`, { container: name });
  const spec = dockerHostOf(topology, host);
  if (network.exists && !network.ours)
    throw new EverbrokerError('NameTaken', `network ${spec.network.name} exists and is not this cluster's`, {
      network: spec.network.name,
    });
}
