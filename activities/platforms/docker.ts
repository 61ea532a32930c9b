/** Hosts that are containers: their engine carries claim, network, container and volumes. */
import { AGENT_FILE, MANIFEST_FILE, OWNER_FILE } from '../../core/layout.js';
import { EverbrokerError } from '../../core/failure.js';
import type { PlacementObservation } from '../../core/health/observation.js';
import { LABEL_CLUSTER, LABEL_SPEC, containerName } from '../../core/naming.js';
import { manifestText } from '../../core/plan/manifest.js';
import { dockerHostOf } from '../../core/topology/topology.js';
import type { Host } from '../../hosts/host.js';
import { NOT_THE_OWNER, ownedBy } from '../../hosts/owned-host.js';
import { commandFailed, run } from '../../hosts/run.js';
import { putFiles } from '../../hosts/transfer.js';
import { askAgent, execAgent } from '../ask-agent.js';
import { publicKeyOf } from '../host-key.js';
import { dockerFaults } from './docker-faults.js';
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
    const result = await execAgent(opened, deps.agent, { args: ['claim', token], timeoutMs: 10_000 });
    if (result.exitCode !== 0 || result.timedOut) throw commandFailed(result, 'claim the host');
  },

  async survey(site) {
    const placement = await placementOf(site);
    return { placement, absent: absence(site.host, placement) };
  },

  insistOnOurs,

  look: ({ deps, topology }, host, signal) => askAgent(host, { topology, agent: deps.agent }, signal),

  async prepare(deps, input, signal) {
    const { topology, host, token } = input;
    const bare = await deps.openHost(topology, host);
    await putAgentBack(bare, { agent: deps.agent, token, signal });
    const opened = ownedBy(bare, token);
    await putFiles(
      opened,
      [
        { path: AGENT_FILE, content: deps.agent, mode: 0o755 },
        { path: MANIFEST_FILE, content: manifestText(topology), mode: 0o644 },
      ],
      { timeoutMs: 30_000, signal },
    );
    await run(opened, ['sh', AGENT_FILE, 'wake'], { timeoutMs: 10_000, signal });
    return { changed: true, publicKey: await publicKeyOf(deps, input, signal), created: [] };
  },

  find: findOnEngines,
  undo: undoOnEngine,
  faults: dockerFaults,
};

/** Without the agent's file its guard cannot be asked: the owner is compared here, in the same command. */
const PUT_BACK = `[ "$(cat "$2")" = "$3" ] || { echo 'another operation owns this host' >&2; exit ${NOT_THE_OWNER}; }
[ -f "$1" ] || { cat >"$1.new" && mv -f "$1.new" "$1"; }`;

async function putAgentBack(
  host: Host,
  { agent, token, signal }: { agent: string; token: string; signal: AbortSignal },
): Promise<void> {
  const argv = ['sh', '-c', PUT_BACK, 'sh', AGENT_FILE, OWNER_FILE, token];
  const result = await host.exec(argv, { timeoutMs: 10_000, signal, stdin: agent });
  if (result.exitCode === NOT_THE_OWNER && !result.timedOut)
    throw new EverbrokerError('OwnershipLost', `${host.name}: ${result.stderr.trim()}`, { host: host.name });
  if (result.exitCode !== 0 || result.timedOut) throw commandFailed(result, 'put the agent back');
}

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
