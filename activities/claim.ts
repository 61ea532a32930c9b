/**
 * Claims guard what the holder's workflow id cannot: activities of a terminated run that still work, and a second
 * Temporal server. Wherever hosts are carried (an engine, a machine) lies a claim, made atomically and renewed by the
 * worker while the operation lives. On each host the owner file holds the token, which every changing command compares
 * in the same command.
 */
import { ApplicationFailure, sleep } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/common';
import { EverbrokerError } from '../core/failure.js';
import { holderWorkflowId } from '../core/naming.js';
import type { Topology } from '../core/topology/topology.js';
import type { Deps } from './deps.js';
import type { FoundClaim, Lease, NewClaim } from './platforms/lease.js';
import { leasesOf, platformOf } from './platforms/index.js';

/** Renewals come every 3 s; after 15 s without one the owner's activities have missed their heartbeats (10 s) as well. */
const RENEW_MS = 3000;
const LEASE_MS = 15_000;

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
  const claim = { cluster: topology.name, token, operation: `${operation} by ${workflowId}`, renewedAt: now() };
  for (const lease of leasesOf(deps, topology, hosts)) await take(deps, lease, { claim, signal });
  await Promise.all(hosts.map((host) => platformOf(topology, host).claimHost({ deps, topology, host }, token)));
}

async function take(
  deps: Deps,
  lease: Lease,
  { claim, signal }: { claim: NewClaim; signal: AbortSignal },
): Promise<void> {
  const { cluster, token } = claim;
  for (;;) {
    const existing = await lease.take(claim, signal);
    if (existing === null || (existing.cluster === cluster && existing.token === token)) return;
    if (existing.cluster === null) {
      throw new EverbrokerError('NameTaken', `what has the name of the claim on cluster ${cluster} is no claim`);
    }
    const lapsed = await waitForLapse(lease, existing);
    if (lapsed === 'lapsed') await lease.remove(existing.id);
    else if (existing.cluster !== cluster) throw otherCluster(existing, cluster);
    else await insistThatItEnded(deps, cluster, existing);
  }
}

/** Compares two looks at the lease instead of two clocks: the owner may be on another machine. */
async function waitForLapse(lease: Lease, seen: FoundClaim): Promise<'lapsed' | 'renewed'> {
  const deadline = Date.now() + LEASE_MS;
  while (Date.now() < deadline) {
    await sleep(500);
    const found = await lease.read();
    if (found === null || found.id !== seen.id) return 'lapsed';
    if (found.renewedAt !== seen.renewedAt) return 'renewed';
  }
  return 'lapsed';
}

const otherCluster = (theirs: FoundClaim, cluster: string): EverbrokerError =>
  new EverbrokerError(
    'NameTaken',
    `cluster ${theirs.cluster} is being worked on by ${theirs.operation} where ${cluster} is wanted; a machine has one cluster`,
  );

/**
 * The owner's worker renews. An owner of our own server that has ended (terminated: its worker hears of it with the next
 * heartbeat) will stop doing so; whoever our server does not know is alive elsewhere.
 */
async function insistThatItEnded(deps: Deps, cluster: string, { operation, token }: FoundClaim): Promise<void> {
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
  throw new EverbrokerError('ClusterBusy', `cluster ${cluster} is busy: ${operation}${where}, renews its claim`, {
    owner: operation,
  });
}

/**
 * Keepers of this process by token and hosts. The release ends the keeper here, before it gives the claim back: an
 * activity hears of its cancellation with the answer to a heartbeat only, and the operation would end with a keeper that
 * seems to work.
 */
const keepers = new Map<string, { release: AbortController; ended: Promise<unknown> }>();

const keeperOf = ({ hosts, token }: ClaimInput): string => `${token}/${hosts.join()}`;

/**
 * Renews until the claim is released by this process, or until it is cancelled.
 * @throws ApplicationFailure HolderGone; EverbrokerError OwnershipLost
 */
export async function keepClaim(deps: Deps, claim: ClaimInput & { workflowId: string }): Promise<void> {
  const key = keeperOf(claim);
  const release = new AbortController();
  const ended = renewUntil(release.signal, deps, claim);
  const keeper = { release, ended: ended.catch(() => undefined) };
  keepers.set(key, keeper);
  try {
    await ended;
  } finally {
    // Another attempt of it may have begun meanwhile.
    if (keepers.get(key) === keeper) keepers.delete(key);
  }
}

async function renewUntil(
  released: AbortSignal,
  deps: Deps,
  { topology, hosts, token, workflowId }: ClaimInput & { workflowId: string },
): Promise<void> {
  let held: { lease: Lease; id: string }[] | undefined;
  const end = new Promise((resolve) => released.addEventListener('abort', resolve, { once: true }));
  while (!released.aborted) {
    await insistOnHolder(deps, topology.name, token, workflowId);
    held ??= await Promise.all(
      leasesOf(deps, topology, hosts).map(async (lease) => ({
        lease,
        id: await ownClaim(lease, topology.name, token),
      })),
    );
    for (const { lease, id } of held) await lease.renew(id, now());
    await Promise.race([sleep(RENEW_MS), end]);
  }
}

/** Its id, by which it is renewed: one that is gone is not found by it, whoever has the name then. */
async function ownClaim(lease: Lease, cluster: string, token: string): Promise<string> {
  const claim = await lease.read();
  if (claim?.token === token) return claim.id;
  throw new EverbrokerError(
    'OwnershipLost',
    `another operation took cluster ${cluster} over: ${claim?.operation ?? 'its claim is gone'}`,
  );
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

export async function releaseClaim(deps: Deps, claim: ClaimInput): Promise<void> {
  const keeper = keepers.get(keeperOf(claim));
  keeper?.release.abort();
  await keeper?.ended;
  const { topology, hosts, token } = claim;
  for (const lease of leasesOf(deps, topology, hosts)) {
    const found = await lease.read();
    if (found !== null && found.token === token) await lease.remove(found.id);
  }
}

/** In whole seconds: an engine on a machine of 32 bits keeps no more, and renewals are further apart. */
const now = (): number => Math.floor(Date.now() / 1000);
