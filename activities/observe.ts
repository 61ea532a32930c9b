/** Looks: one command a host tells everything about it. */
import {
  unknownNode,
  type HostInside,
  type HostObservation,
  type NodeObservation,
} from '../core/health/observation.js';
import type { BrokerReading } from '../core/health/jolokia-reading.js';
import type { NodeReading } from '../core/health/roles.js';
import type { ConsoleLogin } from '../core/secrets.js';
import { firstHost, nodesOnHost, type Node, type Topology } from '../core/topology/topology.js';
import type { Host } from '../hosts/host.js';
import { readBroker } from '../probes/jolokia.js';
import { consoleLogin, credentialsReader } from './console-login.js';
import type { Deps } from './deps.js';
import { holdPin } from './pins.js';
import { platformOf } from './platforms/index.js';
import { readStore } from './stores.js';
import { insistOnReferences, readMaster, secretsChange } from './secrets.js';

/** Longer than a broker needs that answers at all; a frozen one is told by it. */
const JOLOKIA_MS = 5000;

export async function observeHost(
  deps: Deps,
  { topology, host }: { topology: Topology; host: string },
  signal: AbortSignal,
): Promise<HostObservation> {
  const site = { deps, topology, host };
  const platform = platformOf(topology, host);
  const around = await platform.survey(site);
  platform.insistOnOurs(site, around);
  const { placement } = around;
  if (placement !== undefined)
    await holdPin(deps, topology, { host, id: placement.engineId, isThere: placement.container.exists });
  const seen = { host, clock: Date.now(), ...(placement === undefined ? {} : { placement }) };
  // Also where there is no host yet, so that a password that cannot be had is refused before one is made.
  const isFirst = host === firstHost(topology);
  if (isFirst) await insistOnReferences(deps, topology);
  if (around.absent !== null) return seen;
  const opened = await deps.openHost(topology, host);
  const [look, master] = await Promise.all([
    platform.look(site, opened, signal),
    isFirst ? readMaster(opened, signal) : null,
  ]);
  if (look.machine !== undefined)
    await holdPin(deps, topology, { host, id: look.machine.id, isThere: look.machine.installed });
  if (master === null) return { ...seen, ...look };
  // This worker's copy may be older than the cluster, or missing: another worker may have deployed it.
  await deps.cacheSecrets(topology, master);
  const { changed, groups } = await secretsChange(deps, topology, master);
  // The master copy's own version: the file beside it is older when a run was cut between the two.
  const own = {
    secretsVersion: master.version,
    groupVersions: master.groups ?? {},
    referencesChanged: changed,
    changedGroups: groups,
  };
  const inside = { ...look.inside, ...own };
  return { ...seen, ...look, inside };
}

export interface ReadInput {
  topology: Topology;
  host: string;
  group: string;
  /** A look of a moment ago, which is then not taken again. */
  seen?: Seen;
}

/** What reading nodes needs of a look. */
export type Seen = Pick<HostInside, 'nodes' | 'publicKey'>;

/** Every node of a group on this host: what the host shows, and what the broker itself says where it has ports. */
export async function readNodes(
  deps: Deps,
  { topology, host, group, seen }: ReadInput,
  signal: AbortSignal,
): Promise<NodeReading[]> {
  const nodes = nodesOnHost(topology, host).filter((node) => node.group === group);
  const site = { deps, topology, host };
  const platform = platformOf(topology, host);
  const { absent: why } = seen === undefined ? await platform.survey(site) : { absent: null };
  if (why !== null) return nodes.map((node) => absent(host, node, why));
  const opened = await deps.openHost(topology, host);
  const credentials = credentialsReader(deps, opened, { topology, nodes, signal });
  const inside = seen ?? (await platform.look(site, opened, signal)).inside;
  const login = await consoleLogin(deps, opened, { topology, nodes, inside, credentials, signal });
  const store = readStore(opened, topology, { nodes, inside, signal });
  return Promise.all(
    nodes.map(async (node): Promise<NodeReading> => {
      const observation = inside.nodes.find((seen) => seen.name === node.name);
      if (observation === undefined) return absent(host, node, `the agent of ${host} does not know it`);
      const broker = await ask(opened, node, { observation, login, signal });
      const asked = await store;
      return { host, observation, broker, ...(asked === null ? {} : { store: asked }) };
    }),
  );
}

async function ask(
  host: Host,
  node: Node,
  { observation, login, signal }: { observation: NodeObservation; login: ConsoleLogin | null; signal: AbortSignal },
): Promise<BrokerReading> {
  // A waiting slave has no ports; to ask it would only wait.
  if (!observation.listening.includes(node.console)) return { state: 'refused', detail: 'the port is closed' };
  // No node of the host has what was deployed, so there is nothing to log in with.
  if (login === null) return { state: 'unauthorized' };
  return readBroker(host, { port: node.console, login, ca: login.ca, timeoutMs: JOLOKIA_MS, signal });
}

/** A node on a host that does not run, or that its host knows nothing of. */
const absent = (host: string, { name }: Node, why: string): NodeReading => ({
  host,
  observation: unknownNode(name),
  broker: { state: 'refused', detail: why },
});
