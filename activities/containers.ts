/** Networks and containers: the part of the runbook that makes hosts. */
import {
  AGENT_FILE,
  HOST_KEY_FILE,
  HOST_PUBLIC_KEY_FILE,
  MANIFEST_FILE,
  NODES_DIR,
  OWNER_FILE,
  STATE_DIR,
  desiredFile,
} from '../core/layout.js';
import { EverbrokerError } from '../core/failure.js';
import {
  LABEL_CLUSTER,
  LABEL_CREATOR,
  LABEL_GROUP,
  LABEL_HOST,
  LABEL_ROLE,
  LABEL_SPEC,
  containerName,
  stateVolume,
  storeVolume,
} from '../core/naming.js';
import { specHash } from '../core/plan/desired.js';
import { manifestText } from '../core/plan/manifest.js';
import type { StepResult } from '../core/plan/step.js';
import {
  dockerHostOf,
  groupOf,
  groupsOnHost,
  nodesOnHost,
  type DockerHostSpec,
  type Topology,
} from '../core/topology/topology.js';
import type { ContainerSpec, DockerEngine } from '../hosts/docker-engine.js';
import { putFiles, type HostFile } from '../hosts/transfer.js';
import { ownedBy } from '../hosts/owned-host.js';
import { newHostKeyPair } from '../hosts/sealed.js';
import { run } from '../hosts/run.js';
import { insistOnClaim } from './claim.js';
import type { Deps } from './deps.js';
import type { StepInput } from './step-input.js';

/** What a run created, for its rollback: `host|kind|name`. */
export interface Created {
  created: string[];
}

/** TERM to the agent stops the brokers one after the other, 20 s each at most; then the engine kills. */
const STOP_SECONDS = 30;

export async function createNetwork(
  deps: Deps,
  { topology, host, token, engineId }: StepInput,
): Promise<StepResult & Created> {
  const { network, engine: address } = dockerHostOf(topology, host);
  const engine = deps.engine(address);
  await insistOnEngine(engine, host, engineId);
  await insistOnClaim(engine, topology.name, token);
  const created = [`${host}|network|${network.name}`];
  const existing = await engine.network(network.name);
  if (existing !== null) {
    if (existing.labels[LABEL_CLUSTER] !== topology.name) {
      throw new EverbrokerError('NameTaken', `network ${network.name} exists and is not this cluster's`, {
        network: network.name,
      });
    }
    // An earlier attempt of this very step may have made it and died before it could say so.
    const ours = existing.labels[LABEL_CREATOR] === token;
    return { changed: ours, note: network.subnet, created: ours ? created : [] };
  }
  await engine.createNetwork({
    name: network.name,
    subnet: network.subnet,
    labels: { [LABEL_CLUSTER]: topology.name, [LABEL_ROLE]: 'network', [LABEL_CREATOR]: token },
  });
  return { changed: true, note: network.subnet, created };
}

export interface Prepared extends StepResult, Created {
  /** Key to which secrets for this host are sealed. */
  publicKey: string;
}

export async function createContainer(deps: Deps, input: StepInput, signal: AbortSignal): Promise<Prepared> {
  const { topology, host, token } = input;
  const spec = dockerHostOf(topology, host);
  const engine = deps.engine(spec.engine);
  await insistOnEngine(engine, host, input.engineId);
  await insistOnClaim(engine, topology.name, token);

  const name = containerName(topology, host);
  const existing = await engine.container(name);
  if (existing !== null && existing.labels[LABEL_CLUSTER] !== topology.name) {
    throw new EverbrokerError('NameTaken', `container ${name} exists and is not this cluster's`, { container: name });
  }
  // One that was never started may lack its files: its maker died in between. It holds nothing, so it is made anew.
  const usable = existing?.labels[LABEL_SPEC] === specHash(topology, host) && !existing.neverStarted;
  if (existing !== null && usable) {
    if (!existing.running) await engine.startContainer(existing.id);
    const opened = await deps.openHost(topology, host);
    await run(opened, ['sh', AGENT_FILE, 'claim', token], { timeoutMs: 10_000, signal });
    const created = await createdBy(engine, input);
    const changed = !existing.running || existing.labels[LABEL_CREATOR] === token;
    return { changed, publicKey: await publicKeyOf(deps, input, signal), created };
  }
  if (existing !== null) {
    await engine.stopContainer(existing.id, { seconds: STOP_SECONDS });
    await engine.removeContainer(existing.id);
  }
  const keys = newHostKeyPair();
  const image = await deps.ensureImage(engine, spec.image, signal);
  await ensureVolumes(engine, input);
  const files = initialFiles(deps, { topology, host, token, keys });
  const { id } = await engine.createContainer({ ...containerSpec(input, spec), image, files });
  await engine.startContainer(id);
  const created = await createdBy(engine, input);
  if (!created.includes(createdVolume(host, stateVolume(topology.name, host)))) await forgetNodes(deps, input, signal);
  return { changed: true, note: spec.address, publicKey: keys.publicKey, created };
}

/** By the label and not by what this attempt did: an earlier one may have died before it could report. */
async function createdBy(engine: DockerEngine, { topology, host, token }: StepInput): Promise<string[]> {
  const mine = ({ labels }: { labels: Record<string, string> }): boolean => labels[LABEL_CREATOR] === token;
  const wanted = volumesOf(topology, host).map(({ name }) => name);
  const volumes = (await engine.listVolumes(topology.name)).filter((volume) => wanted.includes(volume.name));
  const container = await engine.container(containerName(topology, host));
  return [
    ...volumes.filter(mine).map(({ name }) => createdVolume(host, name)),
    ...(container !== null && mine(container) ? [`${host}|container|${container.name}`] : []),
  ];
}

const createdVolume = (host: string, volume: string): string => `${host}|volume|${volume}`;

/** What an older container's nodes left in the state volume: the agent would wait for ever to start what is gone. */
async function forgetNodes(deps: Deps, { topology, host, token }: StepInput, signal: AbortSignal): Promise<void> {
  const opened = ownedBy(await deps.openHost(topology, host), token);
  const script = `cd "$1" 2>/dev/null || exit 0
names=" $2 "
for node in *; do case $names in *" $node "*) ;; *) rm -rf "./$node" ;; esac; done`;
  const names = nodesOnHost(topology, host).map((node) => node.name);
  await run(opened, ['sh', '-c', script, 'sh', NODES_DIR, names.join(' ')], { timeoutMs: 10_000, signal });
}

async function insistOnEngine(engine: DockerEngine, host: string, pinned: string | undefined): Promise<void> {
  const id = await engine.id();
  if (pinned === undefined || pinned === id) return;
  throw new EverbrokerError(
    'EngineChanged',
    `host ${host} belongs to Docker engine ${pinned}, but this worker reaches ${id}`,
    { host, pinned, engine: id },
  );
}

/** Makes the missing volumes. Volumes are never removed here: they hold what must survive containers. */
async function ensureVolumes(engine: DockerEngine, { topology, host, token }: StepInput): Promise<void> {
  const marks = { [LABEL_CREATOR]: token };
  await Promise.all(volumesOf(topology, host).map(({ name, labels }) => engine.ensureVolume(name, labels, { marks })));
}

function volumesOf(topology: Topology, host: string): { name: string; labels: Record<string, string> }[] {
  const label = { [LABEL_CLUSTER]: topology.name };
  return [
    { name: stateVolume(topology.name, host), labels: { ...label, [LABEL_HOST]: host, [LABEL_ROLE]: 'state' } },
    ...groupsOnHost(topology, host).map((group) => ({
      name: storeVolume(topology.name, group),
      labels: { ...label, [LABEL_GROUP]: group, [LABEL_ROLE]: 'store' },
    })),
  ];
}

function containerSpec(
  { topology, host, token }: StepInput,
  spec: DockerHostSpec,
): Omit<ContainerSpec, 'image' | 'files'> {
  const stores = groupsOnHost(topology, host).flatMap((group) => {
    const { store } = groupOf(topology, group);
    return store.kind === 'kahadb' ? [{ volume: storeVolume(topology.name, group), path: store.directory }] : [];
  });
  return {
    name: containerName(topology, host),
    hostname: host,
    labels: {
      [LABEL_CLUSTER]: topology.name,
      [LABEL_HOST]: host,
      [LABEL_ROLE]: 'host',
      [LABEL_SPEC]: specHash(topology, host) ?? '',
      [LABEL_CREATOR]: token,
    },
    network: spec.network.name,
    address: spec.address,
    ports: nodesOnHost(topology, host).flatMap((node) => [
      { port: node.openwire, publish: spec.publish },
      { port: node.console, publish: spec.publish },
    ]),
    volumes: [{ volume: stateVolume(topology.name, host), path: STATE_DIR }, ...stores],
    command: ['sh', AGENT_FILE, 'run'],
    stopTimeoutSeconds: STOP_SECONDS,
  };
}

/**
 * What must be there before the container starts: the agent is its command, and nodes that its state volume still
 * knows stay down until their files are complete.
 */
function initialFiles(
  deps: Deps,
  {
    topology,
    host,
    token,
    keys,
  }: { topology: Topology; host: string; token: string; keys: { publicKey: string; privateKey: string } },
): HostFile[] {
  return [
    { path: AGENT_FILE, content: deps.agent, mode: 0o755 },
    { path: OWNER_FILE, content: `${token}\n`, mode: 0o600 },
    { path: MANIFEST_FILE, content: manifestText(topology), mode: 0o644 },
    { path: HOST_KEY_FILE, content: keys.privateKey, mode: 0o600 },
    { path: HOST_PUBLIC_KEY_FILE, content: keys.publicKey, mode: 0o644 },
    ...nodesOnHost(topology, host).map((node) => ({ path: desiredFile(node.name), content: 'down\n', mode: 0o644 })),
  ];
}

/** Brings the agent, the manifest and the host's key up to date on a host that runs. */
export async function prepareHost(deps: Deps, input: StepInput, signal: AbortSignal): Promise<Prepared> {
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
}

async function publicKeyOf(deps: Deps, { topology, host, token }: StepInput, signal: AbortSignal): Promise<string> {
  const opened = ownedBy(await deps.openHost(topology, host), token);
  const found = await opened.exec(['cat', HOST_PUBLIC_KEY_FILE], { timeoutMs: 10_000, signal });
  if (found.exitCode === 0 && found.stdout.trim() !== '') return found.stdout.trim();
  const keys = newHostKeyPair();
  await putFiles(
    opened,
    [
      { path: HOST_KEY_FILE, content: keys.privateKey, mode: 0o600 },
      { path: HOST_PUBLIC_KEY_FILE, content: keys.publicKey, mode: 0o644 },
    ],
    { timeoutMs: 10_000, signal },
  );
  return keys.publicKey;
}

/**
 * Undoes one creation of this run. What is gone already is as wanted, and what others made stays, because a step that was
 * cut short names all that it may have created.
 */
export async function removeCreated(
  deps: Deps,
  { topology, host, token, created }: { topology: Topology; host: string; token: string; created: string },
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
