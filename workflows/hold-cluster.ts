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
  isCancellation,
  setHandler,
  startChild,
  workflowInfo,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
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

/** What every changing activity must prove before it changes something. */
export interface Ownership {
  topology: Topology;
  token: string;
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
    const ownership = { topology, token: holder.firstExecutionRunId };
    try {
      return await whileClaimed(ownership, operation, () => body(ownership));
    } catch (error) {
      if (failureType(error) !== 'HolderGone' || attempt === 2) throw error;
    } finally {
      await CancellationScope.nonCancellable(() => release(holder));
    }
  }
}

async function hold(cluster: string, operation: string): Promise<ChildWorkflowHandle<typeof holdCluster>> {
  const { workflowId, runId } = workflowInfo();
  const holder: Holder = { operation, workflowId, runId, since: new Date().toISOString() };
  try {
    return await startChild(holdCluster, {
      workflowId: holderWorkflowId(cluster),
      args: [holder],
      parentClosePolicy: 'TERMINATE',
      staticSummary: `${cluster} is held by ${operation} (${workflowId})`,
      memo: { ...holder },
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const busy = await activities({ summary: `${cluster} · who holds it`, profile: quick }).describeHolder({ cluster });
    const who =
      busy === null
        ? 'another operation, which has just ended'
        : `${busy.operation} by ${busy.workflowId} since ${busy.since}`;
    throw ApplicationFailure.create({
      type: 'ClusterBusy',
      nonRetryable: true,
      message: `cluster ${cluster} is busy: ${who}`,
      details: [busy],
    });
  }
}

/** The holder may be gone already (a reset): then there is nothing to release. */
async function release(holder: ChildWorkflowHandle<typeof holdCluster>): Promise<void> {
  try {
    await holder.signal(releaseSignal);
    await holder.result();
  } catch {
    // ended otherwise: the name is free, which is all that is wanted
  }
}

async function whileClaimed<T>(ownership: Ownership, operation: string, body: () => Promise<T>): Promise<T> {
  const { topology, token } = ownership;
  const queues = hostsByQueue(topology);
  const workflowId = workflowInfo().workflowId;
  const on = (hosts: string[]): { topology: Topology; host: string } => ({ topology, host: hosts[0] ?? '' });
  await Promise.all(
    queues.map((hosts) =>
      activities({ summary: `${topology.name} · claim`, profile: claiming, on: on(hosts) }).claimCluster({
        topology,
        hosts,
        token,
        operation,
        workflowId,
      }),
    ),
  );
  const keeping = new CancellationScope();
  const lost = keeping.run(() =>
    Promise.all(
      queues.map((hosts) =>
        activities({ summary: `${topology.name} · keep the claim`, profile: keeper, on: on(hosts) }).keepClaim({
          topology,
          hosts,
          token,
          workflowId,
        }),
      ),
    ),
  );
  const working = new CancellationScope();
  const work = working.run(body);
  try {
    return await Promise.race([work, lost.then(() => Promise.reject(new Error('the claim ended by itself')))]);
  } catch (error) {
    // No step may go on without the claim, nor after the claim is given back: their commands are waited for.
    working.cancel();
    await CancellationScope.nonCancellable(() => work.catch(() => undefined));
    throw error;
  } finally {
    keeping.cancel();
    await CancellationScope.nonCancellable(async () => {
      await lost.catch((error: unknown) => isCancellation(error));
      await Promise.all(
        queues.map((hosts) =>
          activities({ summary: `${topology.name} · release`, profile: quick, on: on(hosts) }).releaseClaim({
            topology,
            hosts,
            token,
          }),
        ),
      );
    });
  }
}
