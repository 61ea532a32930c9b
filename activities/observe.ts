/** Looks: one command a host tells everything about it. */
import type { HostInside, HostObservation, NodeObservation, PlacementObservation } from '../core/health/observation.js';
import { observeArguments, parseObservation } from '../core/health/parse-observation.js';
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
import { readMaster, referencesChanged } from './secrets.js';

const LOOK_MS = 20_000;
/** Longer than a broker needs that answers at all; a frozen one is told by it. */
const JOLOKIA_MS = 5000;

export async function observeHost(
  deps: Deps,
  { topology, host }: { topology: Topology; host: string },
  signal: AbortSignal,
): Promise<HostObservation> {
  const placement = hostOf(topology, host).kind === 'docker' ? await observePlacement(deps, topology, host) : undefined;
  const seen = { host, clock: Date.now(), ...(placement === undefined ? {} : { placement }) };
  if (placement !== undefined && !(placement.container.running && placement.container.ours)) return seen;
  const opened = await deps.openHost(topology, host);
  const { clock, inside } = await observe(opened, topology, signal);
  if (host !== firstHost(topology) || !hasReferences(topology)) return { ...seen, clock, inside };
  const changed = await referencesChanged(deps, topology, await readMaster(opened, signal));
  return { ...seen, clock, inside: { ...inside, referencesChanged: changed } };
}

const hasReferences = ({ security }: Topology): boolean =>
  [security.console, security.client].some((login) => login.password !== 'generate');

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
    if (!container.running || !container.ours) return nodes.map((node) => absent(host, node));
  }
  const opened = await deps.openHost(topology, host);
  const [{ inside }, login] = await Promise.all([
    observe(opened, topology, signal),
    consoleLogin(opened, topology, nodes, signal),
  ]);
  return Promise.all(
    nodes.map(async (node): Promise<NodeReading> => {
      const observation = inside.nodes.find((seen) => seen.name === node.name);
      if (observation === undefined) return absent(host, node);
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
  if (login === null)
    return { state: 'unexpected', httpStatus: null, detail: 'the host has no credentials for the console' };
  return readBroker(host, { port: node.console, login, timeoutMs: JOLOKIA_MS, signal });
}

/** From the credentials file of a node of this host: the values stay in this process. */
async function consoleLogin(
  host: Host,
  topology: Topology,
  nodes: readonly Node[],
  signal: AbortSignal,
): Promise<Login | null> {
  const [node] = nodes;
  if (node === undefined) return null;
  const found = await host.exec(['cat', credentialsFile(topology, node.name)], { timeoutMs: LOOK_MS, signal });
  if (found.exitCode !== 0) return null;
  const value = (key: string): string | undefined =>
    found.stdout
      .split('\n')
      .find((line) => line.startsWith(`${key}=`))
      ?.slice(key.length + 1)
      .replace(/\\(.)/g, '$1');
  const [user, password] = [value('console.user'), value('console.password')];
  return user === undefined || password === undefined ? null : { user, password };
}

/** A node on a host that does not run, or that its host knows nothing of. */
function absent(host: string, { name }: Node): NodeReading {
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
    broker: { state: 'refused', detail: 'the host does not run' },
  };
}
