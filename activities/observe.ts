/** Looks: one command a host tells everything about it. */
import type { HostInside, HostObservation, NodeObservation, PlacementObservation } from '../core/health/observation.js';
import { observeArguments, parseObservation } from '../core/health/parse-observation.js';
import { loginIn } from '../core/activemq/credentials.js';
import { EverbrokerError } from '../core/failure.js';
import type { BrokerReading } from '../core/health/jolokia-reading.js';
import type { NodeReading } from '../core/health/roles.js';
import { AGENT_FILE, credentialsFile } from '../core/layout.js';
import { LABEL_CLUSTER, LABEL_SPEC, containerName } from '../core/naming.js';
import type { Login } from '../core/secrets.js';
import { dockerHostOf, firstHost, hostOf, nodesOnHost, type Node, type Topology } from '../core/topology/topology.js';
import type { Host } from '../hosts/host.js';
import { commandFailed } from '../hosts/run.js';
import { readBroker } from '../probes/jolokia.js';
import type { Deps } from './deps.js';
import { insistOnReferences, readMaster, secretsChanged } from './secrets.js';

const LOOK_MS = 20_000;
/** Longer than a broker needs that answers at all; a frozen one is told by it. */
const JOLOKIA_MS = 5000;

export async function observeHost(
  deps: Deps,
  { topology, host }: { topology: Topology; host: string },
  signal: AbortSignal,
): Promise<HostObservation> {
  const placement = hostOf(topology, host).kind === 'docker' ? await observePlacement(deps, topology, host) : undefined;
  if (placement !== undefined) insistOnOurs(topology, host, placement);
  const seen = { host, clock: Date.now(), ...(placement === undefined ? {} : { placement }) };
  // Also where there is no host yet, so that a password that cannot be had is refused before one is made.
  const isFirst = host === firstHost(topology);
  if (isFirst) await insistOnReferences(deps, topology);
  if (placement !== undefined && !(placement.container.running && placement.container.ours)) return seen;
  const opened = await deps.openHost(topology, host);
  const [{ clock, inside }, master] = await Promise.all([
    observe(opened, topology, signal),
    isFirst ? readMaster(opened, signal) : null,
  ]);
  if (master === null) return { ...seen, clock, inside };
  // This worker's copy may be older than the cluster, or missing: another worker may have deployed it.
  await deps.cacheSecrets(topology, master);
  const changed = await secretsChanged(deps, topology, master);
  // The master copy's own version: the file beside it is older when a run was cut between the two.
  return { ...seen, clock, inside: { ...inside, secretsVersion: master.version, referencesChanged: changed } };
}

/** Before anything is planned: what another made is neither used nor replaced. */
function insistOnOurs(topology: Topology, host: string, { network, container }: PlacementObservation): void {
  const name = containerName(topology, host);
  if (container.exists && !container.ours)
    throw new EverbrokerError('NameTaken', `container ${name} exists and is not this cluster's`, { container: name });
  const spec = dockerHostOf(topology, host);
  if (network.exists && !network.ours)
    throw new EverbrokerError('NameTaken', `network ${spec.network.name} exists and is not this cluster's`, {
      network: spec.network.name,
    });
}

async function observePlacement(deps: Deps, topology: Topology, host: string): Promise<PlacementObservation> {
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

/** @throws EverbrokerError CommandFailed when the host has no agent or its answer was cut. */
export async function observe(
  host: Host,
  topology: Topology,
  signal: AbortSignal,
): Promise<{ clock: number; inside: HostInside }> {
  const result = await host.exec(['sh', AGENT_FILE, 'observe', ...observeArguments(topology, host.name)], {
    timeoutMs: LOOK_MS,
    signal,
  });
  if (result.exitCode !== 0 || result.timedOut) throw commandFailed(result, 'look at the host');
  return parseObservation(result.stdout);
}

/** Every node of a group on this host: what the host shows, and what the broker itself says where it has ports. */
export async function readNodes(
  deps: Deps,
  { topology, host, group }: { topology: Topology; host: string; group: string },
  signal: AbortSignal,
): Promise<NodeReading[]> {
  const nodes = nodesOnHost(topology, host).filter((node) => node.group === group);
  if (hostOf(topology, host).kind === 'docker') {
    const { container } = await observePlacement(deps, topology, host);
    if (!container.running || !container.ours) {
      const why = !container.exists ? 'does not exist' : container.ours ? 'does not run' : 'is not this cluster’s';
      return nodes.map((node) => absent(host, node, `the container of ${host} ${why}`));
    }
  }
  const opened = await deps.openHost(topology, host);
  const { inside } = await observe(opened, topology, signal);
  const login = await consoleLogin(opened, topology, { nodes, inside, signal });
  return Promise.all(
    nodes.map(async (node): Promise<NodeReading> => {
      const observation = inside.nodes.find((seen) => seen.name === node.name);
      if (observation === undefined) return absent(host, node, `the agent of ${host} does not know it`);
      return { host, observation, broker: await ask(opened, node, { observation, login, signal }) };
    }),
  );
}

async function ask(
  host: Host,
  node: Node,
  { observation, login, signal }: { observation: NodeObservation; login: Login | null; signal: AbortSignal },
): Promise<BrokerReading> {
  // A waiting slave has no ports; to ask it would only wait.
  if (!observation.listening.includes(node.console)) return { state: 'refused', detail: 'the port is closed' };
  // No node of the host has what was deployed, so there is nothing to log in with.
  if (login === null) return { state: 'unauthorized' };
  return readBroker(host, { port: node.console, login, timeoutMs: JOLOKIA_MS, signal });
}

/**
 * From a credentials file of this host that is as it was deployed: a node whose file was changed would accept its own.
 * The values stay in this process.
 */
async function consoleLogin(
  host: Host,
  topology: Topology,
  { nodes, inside, signal }: { nodes: readonly Node[]; inside: HostInside; signal: AbortSignal },
): Promise<Login | null> {
  const version = (node: Node): number => inside.nodes.find(({ name }) => name === node.name)?.credentialsVersion ?? 0;
  const newest = Math.max(...nodes.map(version));
  const node = nodes.find((candidate) => newest > 0 && version(candidate) === newest);
  if (node === undefined) return null;
  const found = await host.exec(['cat', credentialsFile(topology, node.name)], { timeoutMs: LOOK_MS, signal });
  if (found.exitCode !== 0) return null;
  return loginIn(found.stdout, 'console');
}

/** A node on a host that does not run, or that its host knows nothing of. */
function absent(host: string, { name }: Node, why: string): NodeReading {
  return {
    host,
    observation: {
      name,
      desired: 'unknown',
      process: { alive: false },
      listening: [],
      log: { role: 'none' },
      lock: 'unknown',
      storeWritable: false,
      credentialsVersion: 0,
      starts: 0,
    },
    broker: { state: 'refused', detail: why },
  };
}
