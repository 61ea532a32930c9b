/**
 * One writer per cluster. An operation runs in the workflow that the caller started, under any id; first it starts
 * this child, whose id is the cluster's name, and releases it at the end. A terminated operation frees the name by
 * the parent close policy. The hosts' claims (see activities/claim.ts) guard what the name cannot: activities of a
 * terminated run that are still going, and a second Temporal server.
 */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  setHandler,
  sleep,
  startChild,
  workflowInfo,
  type ActivityOptions,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { ClaimInput } from '../activities/claim.js';
import type { Activities } from '../activities/index.js';
import { holderWorkflowId } from '../core/naming.js';
import type { Topology } from '../core/topology/topology.js';
import { activities, hostsByQueue } from './calls.js';
import { failureType } from './failure-text.js';
import { releaseSignal } from './messages.js';
import { claiming, keeper, quick } from './profiles.js';

export interface Holder {
  operation: string;
  /** Workflow id of the operation that holds the cluster. */
  workflowId: string;
  runId: string;
  /** ISO time. */
  since: string;
}

/** Does nothing but hold the name, and tell who holds it: its input is the holder. */
export async function holdCluster(_holder: Holder): Promise<void> {
  let released = false;
  setHandler(releaseSignal, () => void (released = true));
  await condition(() => released);
}

/** An operation that was reset often holds the cluster anew each time; more than that is a fault. */
const ATTEMPTS = 10;
/** How long an operation waits to see its name free; after a reset the server may tell the end to the old run only. */
const HOLDER_ENDS = '5 seconds';
/** A holder ends within a workflow task. */
const HOLDER_POLL = '100 milliseconds';
/** The keeper looks every three seconds. */
const KEEPER_LOOKS = '10 seconds';

/** What every changing activity must prove before it changes something. */
export interface Ownership {
  topology: Topology;
  token: string;
  /** Set once the keeper has found the claim gone: nothing may be undone then. */
  lost?: boolean;
}

/**
 * Runs `body` as the only writer of the cluster.
 * When the holder is found gone (the operation was reset: its children ended with the old run), the cluster is
 * claimed anew and `body` runs again; it begins with a look, so nothing is done twice.
 * @throws ApplicationFailure ClusterBusy `<operation> by <workflow id> since …`
 */
export async function asOnlyWriter<T>(
  topology: Topology,
  operation: string,
  body: (ownership: Ownership) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const holder = await hold(topology.name, operation);
    const ownership: Ownership = { topology, token: holder.firstExecutionRunId };
    try {
      return await whileClaimed(ownership, operation, () => body(ownership));
    } catch (error) {
      if (failureType(error) !== 'HolderGone' || attempt === ATTEMPTS) throw error;
    } finally {
      await CancellationScope.nonCancellable(() => release(holder));
    }
  }
}

async function hold(cluster: string, operation: string): Promise<ChildWorkflowHandle<typeof holdCluster>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startHolder(cluster, operation);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    const call = activities({ summary: `${cluster} · who holds it`, profile: quick });
    const busy = await call.describeHolder({ cluster });
    if (busy !== null && !busy.ended)
      throw clusterBusy(cluster, `${busy.operation} by ${busy.workflowId} since ${busy.since}`);
    if (attempt === ATTEMPTS) throw clusterBusy(cluster, 'other operations, each of which has just ended');
    // A holder that nobody is left to release. Its claim on the hosts is still waited for.
    if (busy !== null) await signalRelease(holderWorkflowId(cluster));
    await sleep(HOLDER_POLL);
  }
}

function startHolder(cluster: string, operation: string): Promise<ChildWorkflowHandle<typeof holdCluster>> {
  const { workflowId, runId } = workflowInfo();
  const holder: Holder = { operation, workflowId, runId, since: new Date().toISOString() };
  // A cancelled operation still undoes and waits for its commands: its holder must not be cancelled with it.
  return CancellationScope.nonCancellable(() =>
    startChild(holdCluster, {
      workflowId: holderWorkflowId(cluster),
      args: [holder],
      parentClosePolicy: 'TERMINATE',
      staticSummary: `${cluster} is held by ${operation} (${workflowId})`,
      memo: { ...holder },
    }),
  );
}

const clusterBusy = (cluster: string, who: string): ApplicationFailure =>
  ApplicationFailure.create({ type: 'ClusterBusy', nonRetryable: true, message: `cluster ${cluster} is busy: ${who}` });

/** Not as to a child: after a reset the holder lives on, but the server refuses the new run to signal it as its own. */
async function signalRelease(workflowId: string, runId?: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(workflowId, runId).signal(releaseSignal);
  } catch (error) {
    // It has ended otherwise (by hand): the name is free, which is all that is wanted.
    if (isCancellation(error)) throw error;
  }
}

async function release(holder: ChildWorkflowHandle<typeof holdCluster>): Promise<void> {
  await signalRelease(holder.workflowId, holder.firstExecutionRunId);
  let ended = false;
  const end = (): void => void (ended = true);
  void holder.result().then(end, end);
  // Not `sleep`: its timer would still seem to run in the operation's history.
  await condition(() => ended, HOLDER_ENDS);
}

async function whileClaimed<T>(ownership: Ownership, operation: string, body: () => Promise<T>): Promise<T> {
  const claim = claimOf(ownership, operation);
  // Kept through a cancellation of the operation too: what it undoes then must not meet another operation.
  const keeping = new CancellationScope({ cancellable: true, parent: new CancellationScope({ cancellable: false }) });
  try {
    await claim.take();
    return await whileKept(ownership, keeping.run(claim.keep), body);
  } finally {
    // Also when only some of the engines could be claimed. The keepers end by the release; the cancellation is for one
    // that is between two attempts, or in another worker than the release.
    await CancellationScope.nonCancellable(claim.release);
    keeping.cancel();
  }
}

interface ClaimCalls {
  take: () => Promise<unknown>;
  keep: () => Promise<unknown>;
  release: () => Promise<unknown>;
}

/** One activity for each worker: it serves the engines of its hosts. */
function claimOf({ topology, token }: Ownership, operation: string): ClaimCalls {
  const { workflowId } = workflowInfo();
  const { name } = topology;
  const onEach = (
    summary: string,
    profile: ActivityOptions,
    call: (worker: Activities, claim: ClaimInput) => Promise<unknown>,
  ): Promise<unknown> =>
    Promise.all(
      hostsByQueue(topology).map((hosts) => {
        const on = { topology, host: hosts[0] ?? '' };
        return call(activities({ summary: `${name} · ${summary}`, profile, on }), { topology, hosts, token });
      }),
    );
  return {
    take: () => onEach('claim', claiming, (worker, claim) => worker.claimCluster({ ...claim, operation, workflowId })),
    keep: () => onEach('keep the claim', keeper, (worker, claim) => worker.keepClaim({ ...claim, workflowId })),
    release: () => onEach('release', quick, (worker, claim) => worker.releaseClaim(claim)),
  };
}

async function whileKept<T>(ownership: Ownership, kept: Promise<unknown>, body: () => Promise<T>): Promise<T> {
  const lost = kept.then(
    () => new Error('the claim ended by itself'),
    (error: unknown) => error,
  );
  const working = new CancellationScope();
  const work = working.run(body);
  try {
    return await Promise.race([
      work,
      lost.then((error) => {
        ownership.lost = true;
        throw error;
      }),
    ]);
  } catch (error) {
    // No step may go on without the claim, nor after the claim is given back: their commands are waited for.
    working.cancel();
    await CancellationScope.nonCancellable(() => work.catch(() => undefined));
    if (failureType(error) !== 'OwnershipLost') throw error;
    // A host may refuse a step before the keeper has looked; the keeper tells whether it is the holder that is gone.
    throw await Promise.race([lost, sleep(KEEPER_LOOKS).then(() => error)]);
  }
}
