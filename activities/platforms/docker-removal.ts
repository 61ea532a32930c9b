/** Removal. Only what carries the cluster's label is listed, and the label is checked again before each removal. */
import { EverbrokerError } from '../../core/failure.js';
import { LABEL_CLUSTER, LABEL_CREATOR, LABEL_HOST, LABEL_ROLE } from '../../core/naming.js';
import type { Found } from '../../core/plan/destroy.js';
import type { StepResult } from '../../core/plan/step.js';
import { dockerHostOf, type Topology } from '../../core/topology/topology.js';
import type { DockerEngine } from '../../hosts/docker-engine.js';
import type { Deps } from '../deps.js';
import type { StepInput } from '../step-input.js';
import { STOP_SECONDS } from './docker-engine.js';
import { insistOnClaim } from './docker-lease.js';
import type { Site } from './platform.js';

/** One entry an engine, under the first of the hosts that use it. */
export function findOnEngines(deps: Deps, topology: Topology, hosts: readonly string[]): Promise<Found[]> {
  const engines = new Map<string | undefined, string>();
  for (const host of hosts) {
    const address = dockerHostOf(topology, host).engine;
    if (!engines.has(address)) engines.set(address, host);
  }
  return Promise.all([...engines].map(([address, host]) => findOn(deps.engine(address), topology.name, host)));
}

async function findOn(engine: DockerEngine, cluster: string, host: string): Promise<Found> {
  const [containers, networks, volumes] = await Promise.all([
    engine.listContainers(cluster),
    engine.listNetworks(cluster),
    engine.listVolumes(cluster),
  ]);
  return {
    host,
    // The claim is a container of this cluster too; it goes with the operation that holds it.
    containers: containers
      .filter(({ labels }) => labels[LABEL_ROLE] === 'host' || labels[LABEL_ROLE] === 'fault')
      .map((container) => ({ name: container.name, host: container.labels[LABEL_HOST] ?? host })),
    networks: networks.map(({ name }) => ({ name })),
    volumes: volumes.map(({ name }) => ({ name })),
  };
}

export async function removeContainer(deps: Deps, input: StepInput): Promise<StepResult> {
  const { engine, target } = await owned(deps, input);
  const container = await engine.container(target);
  if (container === null) return { changed: false };
  insistOnLabel(container.labels, input.topology.name, `container ${target}`);
  if (container.labels[LABEL_ROLE] === 'fault') {
    await engine.endHelper(target);
    return { changed: true };
  }
  // The helper of a fault might start the container again.
  await endHelpersOf(engine, input.topology.name, container.labels[LABEL_HOST]);
  if (container.running) await engine.stopContainer(container.id, { seconds: STOP_SECONDS });
  await engine.removeContainer(container.id);
  return { changed: true };
}

export async function removeNetwork(deps: Deps, input: StepInput): Promise<StepResult> {
  const { engine, target } = await owned(deps, input);
  const network = await engine.network(target);
  if (network === null) return { changed: false };
  insistOnLabel(network.labels, input.topology.name, `network ${target}`);
  await engine.removeNetwork(network.id);
  return { changed: true };
}

export async function removeVolume(deps: Deps, input: StepInput): Promise<StepResult> {
  const { engine, target } = await owned(deps, input);
  const volume = (await engine.listVolumes(input.topology.name)).find(({ name }) => name === target);
  if (volume === undefined) return { changed: false };
  await engine.removeVolume(target);
  if (volume.labels[LABEL_ROLE] === 'state') await deps.forgetSecrets(input.topology.name);
  return { changed: true };
}

async function endHelpersOf(engine: DockerEngine, cluster: string, host: string | undefined): Promise<void> {
  const all = await engine.listContainers(cluster);
  const helpers = all.filter(({ labels }) => labels[LABEL_ROLE] === 'fault' && labels[LABEL_HOST] === host);
  await Promise.all(helpers.map(({ name }) => engine.endHelper(name)));
}

async function owned(
  deps: Deps,
  { topology, host, token, step }: StepInput,
): Promise<{ engine: DockerEngine; target: string }> {
  const engine = deps.engine(dockerHostOf(topology, host).engine);
  await insistOnClaim(engine, topology.name, token);
  return { engine, target: step.target ?? '' };
}

function insistOnLabel(labels: Record<string, string>, cluster: string, what: string): void {
  if (labels[LABEL_CLUSTER] === cluster) return;
  throw new EverbrokerError('NameTaken', `${what} is not cluster ${cluster}'s: it is not removed`);
}

/** What others made stays, because a step that was cut short names all that it may have created. */
export async function undoOnEngine(
  { deps, topology, host }: Site,
  { token, created }: { token: string; created: string },
): Promise<void> {
  const engine = deps.engine(dockerHostOf(topology, host).engine);
  await insistOnClaim(engine, topology.name, token);
  const [, kind, name = ''] = created.split('|');
  const mine = (found: { labels: Record<string, string> } | null | undefined): boolean =>
    found?.labels[LABEL_CREATOR] === token;
  if (kind === 'container') {
    const container = await engine.container(name);
    if (container === null || !mine(container)) return;
    await engine.stopContainer(container.id, { seconds: STOP_SECONDS });
    await engine.removeContainer(container.id, { force: true });
  } else if (kind === 'network') {
    const network = await engine.network(name);
    if (network !== null && mine(network)) await engine.removeNetwork(network.id);
  } else if (kind === 'volume') {
    const volumes = await engine.listVolumes(topology.name);
    if (mine(volumes.find((volume) => volume.name === name))) await engine.removeVolume(name);
  }
}
