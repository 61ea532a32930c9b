/** A container as a host: made, kept, undone. */
import {
  AGENT_FILE,
  HOST_KEY_FILE,
  HOST_PUBLIC_KEY_FILE,
  MANIFEST_FILE,
  NODES_DIR,
  OWNER_FILE,
  STATE_DIR,
  desiredFile,
} from '../../core/layout.js';
import { EverbrokerError } from '../../core/failure.js';
import {
  LABEL_CLUSTER,
  LABEL_CREATOR,
  LABEL_HOST,
  LABEL_ROLE,
  LABEL_SPEC,
  containerName,
  stateVolume,
} from '../../core/naming.js';
import { MOUNT_LABELS, mountsOf, residentsOf } from '../../core/mounts.js';
import { specHash } from '../../core/plan/desired.js';
import { manifestText } from '../../core/plan/manifest.js';
import { dockerHostOf, nodesOnHost, type DockerHostSpec, type Topology } from '../../core/topology/topology.js';
import type { ContainerSpec, DockerEngine } from '../../hosts/docker-engine.js';
import type { HostFile } from '../../hosts/transfer.js';
import { ownedBy } from '../../hosts/owned-host.js';
import { newHostKeyPair } from '../../hosts/sealed.js';
import { run } from '../../hosts/run.js';
import type { Deps } from '../deps.js';
import { publicKeyOf } from '../host-key.js';
import type { StepInput } from '../step-input.js';
import { STOP_SECONDS, ownedEngine } from './docker-engine.js';
import type { Prepared } from './platform.js';

export async function createContainer(deps: Deps, input: StepInput, signal: AbortSignal): Promise<Prepared> {
  const { topology, host, token } = input;
  const spec = dockerHostOf(topology, host);
  const engine = await ownedEngine(deps, input);
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
  deps.hostKeys.set(`${token}/${host}`, keys.privateKey);
  await deps.pins.record(topology.name, host, await engine.id());
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
  await run(opened, ['sh', '-c', script, 'sh', NODES_DIR, residentsOf(topology, host).join(' ')], {
    timeoutMs: 10_000,
    signal,
  });
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
    ...mountsOf(topology, host).map(({ volume, role, of }) => ({
      name: volume,
      labels: { ...label, [MOUNT_LABELS[role]]: of, [LABEL_ROLE]: role },
    })),
  ];
}

function containerSpec(
  { topology, host, token }: StepInput,
  spec: DockerHostSpec,
): Omit<ContainerSpec, 'image' | 'files'> {
  const stores = mountsOf(topology, host).map(({ volume, path }) => ({ volume, path }));
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
    ...residentsOf(topology, host).map((name) => ({ path: desiredFile(name), content: 'down\n', mode: 0o644 })),
  ];
}
