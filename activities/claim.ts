/**
 * Claims guard what the holder's workflow id cannot: activities of a terminated run that still work, and a second
 * Temporal server. On each engine a never-started container carries the claim: its name is unique, so making it is
 * atomic; its id is the lease, renewed by the worker while the operation lives. On each host the owner file holds the
 * token, which every changing command compares in the same command.
 */
import { ApplicationFailure, sleep } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/common';
import { AGENT_FILE } from '../core/layout.js';
import { EverbrokerError } from '../core/failure.js';
import { LABEL_CLUSTER, LABEL_ROLE, claimName, containerName, holderWorkflowId } from '../core/naming.js';
import { dockerHostOf, type Topology } from '../core/topology/topology.js';
import type { DockerEngine } from '../hosts/docker-engine.js';
import { run } from '../hosts/run.js';
import type { Deps } from './deps.js';

/** Renewals come every 3 s; after 15 s without one the owner's activities have missed their heartbeats (10 s) as well. */
const RENEW_MS = 3000;
const LEASE_MS = 15_000;
const LABEL_TOKEN = 'everbroker.token';
const LABEL_OPERATION = 'everbroker.operation';

export interface ClaimInput {
  topology: Topology;
  hosts: string[];
  token: string;
}

/**
 * @throws EverbrokerError ClusterBusy when another owner renews its claim.
 */
export async function claimCluster(
  deps: Deps,
  { topology, hosts, token, operation, workflowId }: ClaimInput & { operation: string; workflowId: string },
  signal: AbortSignal,
): Promise<void> {
  for (const engine of enginesOf(deps, topology, hosts)) {
    const labels = {
      [LABEL_CLUSTER]: topology.name,
      [LABEL_ROLE]: 'claim',
      [LABEL_TOKEN]: token,
      [LABEL_OPERATION]: `${operation} by ${workflowId}`,
    };
    await claimEngine(deps, engine, { cluster: topology.name, token, labels, signal });
  }
  await Promise.all(hosts.map((host) => claimHost(deps, { topology, host, token })));
}

interface EngineClaim {
  cluster: string;
  token: string;
  labels: Record<string, string>;
  signal: AbortSignal;
}

async function claimEngine(
  deps: Deps,
  engine: DockerEngine,
  { cluster, token, labels, signal }: EngineClaim,
): Promise<void> {
  const image = await deps.ensureImage(engine, undefined, signal);
  for (;;) {
    const claim = await engine.createClaim({ name: claimName(cluster), image, labels, content: stamp() });
    if (!claim.taken) return;
    const { id, content, labels: theirs } = claim.existing;
    if (theirs[LABEL_CLUSTER] !== cluster || theirs[LABEL_ROLE] !== 'claim') {
      throw new EverbrokerError('NameTaken', `container ${claimName(cluster)} is no claim on cluster ${cluster}`);
    }
    if (theirs[LABEL_TOKEN] === token) return;
    const owner = theirs[LABEL_OPERATION] ?? 'another operation';
    const lapsed = await waitForLapse(engine, cluster, { id, content });
    if (lapsed === 'renewed') await insistThatItEnded(deps, cluster, { owner, token: theirs[LABEL_TOKEN] ?? '' });
    else await engine.removeClaim(id);
  }
}

/** Compares two looks at the lease instead of two clocks: the owner may be on another machine. */
async function waitForLapse(
  engine: DockerEngine,
  cluster: string,
  seen: { id: string; content: string },
): Promise<'lapsed' | 'renewed'> {
  const deadline = Date.now() + LEASE_MS;
  while (Date.now() < deadline) {
    await sleep(500);
    const now = await engine.readClaim(claimName(cluster));
    if (now === null || now.id !== seen.id) return 'lapsed';
    if (now.content !== seen.content) return 'renewed';
  }
  return 'lapsed';
}

/**
 * The owner's worker renews. An owner of our own server that has ended (terminated: its worker hears of it with the next
 * heartbeat) will stop doing so; whoever our server does not know is alive elsewhere.
 */
async function insistThatItEnded(
  deps: Deps,
  cluster: string,
  { owner, token }: { owner: string; token: string },
): Promise<void> {
  const holder = deps.temporal.workflow.getHandle(holderWorkflowId(cluster), token);
  const status = await holder.describe().then(
    (description) => description.status.name,
    (error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return 'unknown';
      throw error;
    },
  );
  if (status !== 'unknown' && status !== 'RUNNING') return;
  const where = status === 'unknown' ? ', started through another Temporal server or namespace' : '';
  throw new EverbrokerError('ClusterBusy', `cluster ${cluster} is busy: ${owner}${where}, renews its claim`, { owner });
}

/** Writes the token where the hosts' guards compare it; a host without a container gets it with its container. */
async function claimHost(
  deps: Deps,
  { topology, host, token }: { topology: Topology; host: string; token: string },
): Promise<void> {
  const container = await deps.engine(dockerHostOf(topology, host).engine).container(containerName(topology, host));
  if (!container?.running || container.labels[LABEL_CLUSTER] !== topology.name) return;
  const opened = await deps.openHost(topology, host);
  await run(opened, ['sh', AGENT_FILE, 'claim', token], { timeoutMs: 10_000 });
}

/** Renews until it is cancelled. @throws ApplicationFailure HolderGone; EverbrokerError OwnershipLost */
export async function keepClaim(
  deps: Deps,
  { topology, hosts, token, workflowId }: ClaimInput & { workflowId: string },
): Promise<never> {
  const engines = enginesOf(deps, topology, hosts);
  for (;;) {
    await insistOnHolder(deps, topology.name, token, workflowId);
    for (const engine of engines) await renew(engine, topology.name, token);
    await sleep(RENEW_MS);
  }
}

async function renew(engine: DockerEngine, cluster: string, token: string): Promise<void> {
  const claim = await engine.readClaim(claimName(cluster));
  if (claim?.labels[LABEL_TOKEN] !== token) {
    throw new EverbrokerError(
      'OwnershipLost',
      `another operation took cluster ${cluster} over: ${claim?.labels[LABEL_OPERATION] ?? 'its claim is gone'}`,
    );
  }
  await engine.renewClaim(claim.id, stamp());
}

/** After a reset the old run's holder is gone, though the replayed history says that it was started. */
async function insistOnHolder(deps: Deps, cluster: string, token: string, workflowId: string): Promise<void> {
  const description = await deps.temporal.workflow.getHandle(holderWorkflowId(cluster)).describe();
  if (description.status.name === 'RUNNING' && description.runId === token) return;
  throw ApplicationFailure.nonRetryable(
    `the holder of ${cluster} has ended; ${workflowId} claims it anew`,
    'HolderGone',
  );
}

export async function releaseClaim(deps: Deps, { topology, hosts, token }: ClaimInput): Promise<void> {
  for (const engine of enginesOf(deps, topology, hosts)) {
    const claim = await engine.readClaim(claimName(topology.name));
    if (claim !== null && claim.labels[LABEL_TOKEN] === token) await engine.removeClaim(claim.id);
  }
}

/** @throws EverbrokerError OwnershipLost when the claim on the engine is not this token's. */
export async function insistOnClaim(engine: DockerEngine, cluster: string, token: string): Promise<void> {
  const claim = await engine.readClaim(claimName(cluster));
  if (claim?.labels[LABEL_TOKEN] === token) return;
  throw new EverbrokerError('OwnershipLost', `the claim on cluster ${cluster} is no longer this operation's`);
}

function enginesOf(deps: Deps, topology: Topology, hosts: readonly string[]): DockerEngine[] {
  const addresses = new Set(hosts.map((host) => dockerHostOf(topology, host).engine));
  return [...addresses].map((address) => deps.engine(address));
}

const stamp = (): string => `${Date.now()}-${Math.random()}`;
