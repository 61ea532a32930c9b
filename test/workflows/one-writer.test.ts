import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { holderWorkflowId } from '../../core/naming.js';
import { fault } from '../support/fake-cluster.js';
import { Scene, failureOf, progressWhen, type Started } from '../support/workflow-env.js';

type Handle = Started<'deployCluster'>;

const cancelledBy = async (result: Promise<unknown>): Promise<void> =>
  assert.rejects(result, (error) => error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure);

const holderStatus = async ({ client, topology }: Scene): Promise<string> =>
  (await client.workflow.getHandle(holderWorkflowId(topology.name)).describe()).status.name;

/** `temporal workflow reset` to the first finished workflow task after an event, or to the end of what there is. */
async function reset(scene: Scene, handle: Handle, after: (name: string) => boolean): Promise<Handle> {
  const { events } = await handle.fetchHistory();
  const all = events ?? [];
  const from = all.findIndex((event) => after(event.activityTaskScheduledEventAttributes?.activityType?.name ?? ''));
  const task = all.slice(from).find((event) => event.workflowTaskCompletedEventAttributes);
  assert.ok(from >= 0 && task?.eventId, 'the point of the reset');
  await scene.client.workflowService.resetWorkflowExecution({
    namespace: scene.client.options.namespace,
    workflowExecution: { workflowId: handle.workflowId },
    workflowTaskFinishEventId: task.eventId,
    requestId: randomUUID(),
    reason: 'a test',
  });
  return scene.client.workflow.getHandle(handle.workflowId) as Handle;
}

describe('a cluster has one writer', { concurrency: 3 }, () => {
  test('a second operation under any id fails with ClusterBusy, which names the first and since when', async () => {
    const scene = await Scene.make();
    const java = scene.fake.hang('installJava/h1');
    const first = await scene.start('deployCluster', {}, `anything-${scene.topology.name}`);
    await java.started;
    for (const verb of ['deployCluster', 'destroyCluster'] as const) {
      const { type, message } = await failureOf(scene.execute(verb));
      assert.equal(type, 'ClusterBusy');
      assert.match(
        message,
        new RegExp(
          `^cluster ${scene.topology.name} is busy: deploy by ${first.workflowId} since 20\\d\\d-\\d\\d-\\d\\dT`,
        ),
      );
    }
    // Looking is no writing.
    assert.equal((await scene.execute('statusCluster')).healthy, false);
    java.go();
    assert.equal((await first.result()).outcome, 'deployed');
    assert.equal((await scene.execute('deployCluster')).outcome, 'unchanged');
    assert.deepEqual(scene.fake.overlaps, []);
  });

  test('the claim of another Temporal server on the hosts is passed on as ClusterBusy, and stays', async (t) => {
    const scene = await Scene.make();
    const theirs = { token: 'theirs', by: 'deploy by another', renewals: 0 };
    scene.fake.claim = theirs;
    const renewing = setInterval(() => theirs.renewals++, 20);
    t.after(() => clearInterval(renewing));
    const { type, message } = await failureOf(scene.execute('deployCluster'));
    assert.equal(type, 'ClusterBusy');
    assert.match(message, /deploy by another/);
    assert.equal(scene.fake.claim, theirs);
    assert.deepEqual(scene.fake.steps(), []);
  });

  test('a terminated operation frees the name at once; its claim is taken over when it is renewed no more', async () => {
    const scene = await Scene.make();
    const java = scene.fake.hang('installJava/h1');
    const first = await scene.start('deployCluster');
    await java.started;
    await first.terminate();
    assert.equal((await scene.execute('deployCluster')).outcome, 'deployed');
    assert.equal(new Set(scene.fake.holds).size, 2);
    assert.deepEqual(scene.fake.overlaps, []);
  });

  test('an operation whose claim is taken away ends with OwnershipLost and changes nothing more, not even by rollback', async () => {
    const scene = await Scene.make();
    const java = scene.fake.hang('installJava/h1');
    const handle = await scene.start('deployCluster', { rollback: true });
    await java.started;
    scene.fake.claim = { token: 'theirs', by: 'another', renewals: 0 };
    scene.fake.owner = 'theirs';
    const { type } = await failureOf(handle.result());
    assert.equal(type, 'OwnershipLost');
    assert.deepEqual(scene.fake.calls('removeCreated'), []);
    assert.equal(scene.fake.claim.token, 'theirs');
    assert.equal(await holderStatus(scene), 'COMPLETED');
  });

  test('a holder that was ended by hand is started again, and the operation goes on from a new look', async () => {
    const scene = await Scene.make();
    const java = scene.fake.hang('installJava/h1');
    const handle = await scene.start('deployCluster');
    await java.started;
    await scene.client.workflow.getHandle(holderWorkflowId(scene.topology.name)).terminate();
    assert.equal((await handle.result()).outcome, 'deployed');
    assert.equal(scene.fake.holds.length, 2);
    assert.equal(scene.fake.calls('createContainer/h1').length, 1);
  });
});

describe('cancelling a deployment', { concurrency: 3 }, () => {
  test('ends the running command, gives back claim and name, and the next deploy completes it', async () => {
    const scene = await Scene.make();
    const java = scene.fake.hang('installJava/h1');
    const handle = await scene.start('deployCluster');
    await java.started;
    await handle.cancel();
    await cancelledBy(handle.result());
    const description = await handle.describe();
    assert.equal(description.status.name, 'CANCELLED');
    assert.ok(description.typedSearchAttributes.getAll().some(({ value }) => value === 'cancelled'));
    const { order } = scene.fake;
    assert.ok(order.includes('installJava/h1 failed'));
    assert.ok(order.indexOf('installJava/h1 failed') < order.indexOf('releaseClaim began'), order.join(', '));
    assert.deepEqual([scene.fake.claim, await holderStatus(scene)], [null, 'COMPLETED']);
    assert.deepEqual(scene.fake.calls('installActiveMQ'), []);
    assert.equal((await scene.execute('deployCluster')).outcome, 'deployed');
    assert.equal(scene.fake.calls('createContainer/h1').length, 1);
  });

  test('with rollback removes what the run created, newest first, while it still holds the claim', async () => {
    const scene = await Scene.make({ hosts: 2 });
    const start = scene.fake.hang('startNode/n1');
    const handle = await scene.start('deployCluster', { rollback: true });
    await start.started;
    await handle.cancel();
    await cancelledBy(handle.result());
    const { fake } = scene;
    const kinds = fake.calls('removeCreated/').map((name) => name.split('|')[1]);
    assert.equal(kinds.at(-1), 'network');
    assert.deepEqual([fake.volumes.size, fake.claim], [0, null]);
    const last = fake.order.findLastIndex((entry) => entry.startsWith('removeCreated') && entry.endsWith('ended'));
    assert.ok(last < fake.order.indexOf('releaseClaim began'));
    assert.equal((await handle.describe()).status.name, 'CANCELLED');
    assert.equal((await scene.execute('deployCluster')).outcome, 'deployed');
  });

  test('while it waits for a decision or is paused ends it as well', async () => {
    const scene = await Scene.make({ groups: 1 });
    scene.fake.fail('installJava/h1', fault('no package'));
    const waiting = await scene.start('deployCluster', { onFailure: 'wait' });
    await progressWhen(waiting, ({ steps }) => steps.some(({ status }) => status === 'waiting'));
    await waiting.cancel();
    await cancelledBy(waiting.result());
    const paused = await scene.start('deployCluster', { startPaused: true });
    await progressWhen(paused, ({ phase }) => phase === 'preparing hosts, starting groups');
    await paused.cancel();
    await cancelledBy(paused.result());
    assert.equal(scene.fake.claim, null);
  });
});

describe('resetting a deployment', { concurrency: 3 }, () => {
  test('in its middle takes the cluster over from the old run and completes it', async () => {
    const scene = await Scene.make();
    const java = scene.fake.hang('installActiveMQ/h1');
    const first = await scene.start('deployCluster');
    await java.started;
    const again = await reset(scene, first, (name) => name === 'createContainer');
    assert.equal((await again.result()).outcome, 'deployed');
    assert.deepEqual(scene.fake.overlaps, []);
    assert.equal(scene.fake.claim, null);
    assert.equal((await scene.execute('deployCluster')).outcome, 'unchanged');
  });

  test('that is terminated then leaves a holder without an operation, which the next operation releases', async () => {
    const scene = await Scene.make();
    const java = scene.fake.hang('installActiveMQ/h1');
    const first = await scene.start('deployCluster');
    await java.started;
    const start = scene.fake.hang('startNode/n1');
    const again = await reset(scene, first, (name) => name === 'createContainer');
    await start.started;
    await again.terminate();
    assert.equal((await scene.execute('deployCluster')).outcome, 'deployed');
    assert.equal(scene.fake.holds.length, 2);
    assert.deepEqual(scene.fake.overlaps, []);
  });

  test('that has finished runs what followed once more, and finds it done', async () => {
    const scene = await Scene.make();
    const first = await scene.start('deployCluster');
    await first.result();
    const again = await reset(scene, first, (name) => name === 'configureNode');
    const output = await again.result();
    assert.ok(output.nodes.every(({ role }) => role === 'master' || role === 'slave'));
    assert.deepEqual(scene.fake.overlaps, []);
    assert.deepEqual([scene.fake.claim, await holderStatus(scene)], [null, 'COMPLETED']);
  });

  test('that has finished fails with ClusterBusy while another operation holds the cluster', async () => {
    const scene = await Scene.make();
    const first = await scene.start('deployCluster');
    await first.result();
    scene.fake.version = 'v2';
    const stop = scene.fake.hang('stopNode/n2');
    const second = await scene.start('deployCluster');
    await stop.started;
    const again = await reset(scene, first, (name) => name === 'configureNode');
    const { type, message } = await failureOf(again.result());
    assert.equal(type, 'ClusterBusy');
    assert.match(message, new RegExp(second.workflowId));
    stop.go();
    assert.equal((await second.result()).outcome, 'deployed');
    assert.deepEqual(scene.fake.overlaps, []);
  });
});
