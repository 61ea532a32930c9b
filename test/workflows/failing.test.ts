import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { progressQuery } from '../../workflows/messages.js';
import type { Progress } from '../../core/progress.js';
import { fault } from '../support/fake-cluster.js';
import { Scene, failureOf, progressWhen, stepOf, waitingFor } from '../support/workflow-env.js';

const WRAPPING = /Activity task|Workflow execution failed|Child Workflow|ActivityFailure/;

describe('a step that fails', { concurrency: 3 }, () => {
  test('ends the operation with its own words and type; what others did stays, and the next deploy goes on', async () => {
    const scene = await Scene.make({ hosts: 2 });
    scene.fake.fail('startNode/n3', fault('port 61003 is taken by pid 7'));
    const handle = await scene.start('deployCluster');
    const { type, message } = await failureOf(handle.result());
    assert.equal(type, 'PortTaken');
    assert.match(message, /^port 61003 is taken by pid 7\n→ /);
    assert.doesNotMatch(message, WRAPPING);
    const progress = await handle.query(progressQuery);
    assert.equal(stepOf(progress, 'startNode/n3')?.status, 'failed');
    assert.equal(stepOf(progress, 'startNode/n4')?.status, 'pending');
    assert.equal(stepOf(progress, 'startNode/n2')?.status, 'done');
    assert.ok(scene.fake.node('n1')?.process.alive);
    assert.equal(scene.fake.claim, null);
    const verdicts = (await handle.describe()).typedSearchAttributes.getAll().map(({ value }) => value);
    assert.ok(verdicts.includes('failed'));

    scene.fake.forget();
    assert.equal((await scene.execute('deployCluster')).outcome, 'deployed');
    assert.deepEqual(scene.fake.calls('startNode/'), ['startNode/n3', 'startNode/n4']);
  });

  test('with a slave ends the proof that runs beside it, and is the only failure that is told', async () => {
    const scene = await Scene.make({ hosts: 2 });
    const proof = scene.fake.hang('proveMessages', { beats: true });
    const slave = scene.fake.hang('startNode/n2');
    scene.fake.fail('startNode/n2', fault('port 61002 is taken by pid 7'));
    const handle = await scene.start('deployCluster');
    await proof.started;
    slave.go();
    const { type, message } = await failureOf(handle.result());
    assert.equal(type, 'PortTaken');
    assert.match(message, /^port 61002 is taken by pid 7\n→ /);
    const progress = await handle.query(progressQuery);
    assert.equal(stepOf(progress, 'startNode/n2')?.status, 'failed');
    assert.equal(stepOf(progress, 'proveMessages')?.status, 'cancelled');
    assert.equal(scene.fake.claim, null);
    assert.equal((await scene.execute('deployCluster')).outcome, 'deployed');
    assert.ok(scene.fake.order.includes('proveMessages ended'), 'the next one proves what this one did not');
  });

  test('on two hosts is told of both, once each, and nothing that waits for them begins', async () => {
    const scene = await Scene.make({ hosts: 3 });
    scene.fake.fail('createContainer/h1', fault('address 172.29.0.11 is taken', 'AddressTaken'));
    scene.fake.fail('installJava/h2', fault('no package openjdk', 'EngineChanged'));
    const { message } = await failureOf(scene.execute('deployCluster'));
    assert.match(message, /^2 things failed:\n/);
    assert.equal(message.split('172.29.0.11 is taken').length, 2, message);
    assert.equal(message.split('no package openjdk').length, 2, message);
    assert.doesNotMatch(message, WRAPPING);
    assert.deepEqual(scene.fake.calls('shareSecrets'), []);
    assert.deepEqual(scene.fake.calls('configureNode'), []);
    assert.ok(scene.fake.calls().includes('installActiveMQ/h3'));
  });

  test('to find the lock of a store held between its hosts starts no broker of the group', async () => {
    for (const [seen, wanted] of [
      ['taken', 'LockNotShared'],
      ['absent', 'StoreNotShared'],
    ] as const) {
      const scene = await Scene.make({ groups: 1, hosts: 2 });
      scene.fake.lockSeen = seen;
      const { type, message } = await failureOf(scene.execute('deployCluster'));
      assert.equal(type, wanted);
      assert.match(message, /^the store of g1, .* on h2|^the store of g1, .*: h2 took/);
      assert.deepEqual(scene.fake.calls('startNode/'), []);
      assert.deepEqual(scene.fake.calls('probeLock/remove/').toSorted(), [
        'probeLock/remove/h1',
        'probeLock/remove/h2',
      ]);
      scene.fake.lockSeen = 'busy';
      assert.equal((await scene.execute('deployCluster')).outcome, 'deployed');
    }
  });

  test('of one type on every host keeps that type', async () => {
    const scene = await Scene.make({ hosts: 2 });
    scene.fake.fail('createContainer/h1', fault('port 1 is taken'));
    scene.fake.fail('createContainer/h2', fault('port 2 is taken'));
    assert.equal((await failureOf(scene.execute('deployCluster'))).type, 'PortTaken');
  });

  test('is undone with rollback: what the run created is removed, newest first', async () => {
    const scene = await Scene.make({ hosts: 2 });
    scene.fake.fail('startNode/n1', fault('it will not start'));
    scene.fake.fail(`removeCreated/h1|volume|${scene.topology.name}.h1.state`, fault('the volume is in use'));
    const handle = await scene.start('deployCluster', { rollback: true });
    const { message } = await failureOf(handle.result());
    assert.match(message, /^it will not start/);
    const removed = scene.fake.calls('removeCreated/').map((name) => name.split('|')[1]);
    assert.equal(removed.at(-1), 'network');
    assert.ok(removed.indexOf('container') < removed.indexOf('volume'));
    assert.deepEqual([...scene.fake.volumes], [`${scene.topology.name}.h1.state`]);
    assert.ok(!Object.values(scene.fake.hosts).some((host) => host.placement?.container.exists));
    const { notes } = await handle.query(progressQuery);
    assert.match(notes.join('\n'), /could not roll back h1\|volume\|.*the volume is in use/);
  });
});

describe('a failed step that waits', { concurrency: 3 }, () => {
  const waiting = async (...failing: string[]) => {
    const scene = await Scene.make({ hosts: 2 });
    for (const name of failing) scene.fake.fail(name, fault(`${name} went wrong`));
    const handle = await scene.start('deployCluster', { onFailure: 'wait' });
    const progress = await waitingFor(handle, ...failing);
    return { scene, handle, progress };
  };

  test('is shown with its error, and goes on with retryStep', async () => {
    const { scene, handle, progress } = await waiting('startNode/n1');
    assert.match(stepOf(progress, 'startNode/n1')?.error ?? '', /startNode\/n1 went wrong/);
    await handle.executeUpdate('retryStep', { args: [{ step: 'startNode/n1' }] });
    const output = await handle.result();
    assert.deepEqual([output.outcome, output.steps.skipped], ['deployed', 0]);
    assert.equal(scene.fake.calls('startNode/n1').length, 2);
  });

  test('is skipped by skipStep, and the result counts it', async () => {
    const { handle } = await waiting('makeClassData/h1');
    await handle.executeUpdate('skipStep', { args: [{}] });
    const output = await handle.result();
    assert.equal(output.steps.skipped, 1);
    assert.equal(stepOf(await handle.query(progressQuery), 'makeClassData/h1')?.status, 'skipped');
  });

  test('must be named when several wait: the update is rejected with their ids', async () => {
    const { handle } = await waiting('installJava/h1', 'installJava/h2');
    const rejected = async (args: [{ step?: string }]): Promise<string> => {
      const error: unknown = await handle.executeUpdate('skipStep', { args }).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof WorkflowUpdateFailedError, String(error));
      return error.cause?.message ?? '';
    };
    assert.equal(await rejected([{}]), 'say which step; waiting: installJava/h1, installJava/h2');
    assert.match(await rejected([{ step: 'startNode/n1' }]), /waiting: installJava\/h1, installJava\/h2/);
    for (const step of ['installJava/h1', 'installJava/h2'])
      await handle.executeUpdate('retryStep', { args: [{ step }] });
    assert.equal((await handle.result()).outcome, 'deployed');
    const end: unknown = await handle.executeUpdate('retryStep', { args: [{}] }).catch((thrown: unknown) => thrown);
    assert.ok(end instanceof Error);
  });

  test('ends by abort with the type Aborted, also when several wait, and the claim is free', async () => {
    const { scene, handle } = await waiting('installJava/h1', 'installJava/h2');
    await handle.executeUpdate('abort', { args: [{}] });
    const { type, message } = await failureOf(handle.result());
    assert.equal(type, 'Aborted');
    assert.match(message, /^aborted on request/);
    assert.equal(scene.fake.claim, null);
  });

  test('waits no longer than waitAtMostMinutes, then ends with its own failure', async () => {
    const scene = await Scene.make({ groups: 1 });
    scene.fake.fail('startNode/n1', fault('it will not start'));
    // The keeper of the claim works all the time, and a time-skipping server skips none while an activity works.
    const handle = await scene.start('deployCluster', { onFailure: 'wait', waitAtMostMinutes: 0.02 });
    const { type, message } = await failureOf(handle.result());
    assert.equal(type, 'PortTaken');
    assert.match(message, /^it will not start/);
    const { events } = await handle.fetchHistory();
    const timer = events?.find((event) => event.timerStartedEventAttributes)?.timerStartedEventAttributes;
    assert.equal(Number(timer?.startToFireTimeout?.seconds), 1);
  });
});

describe('pausing', { concurrency: 3 }, () => {
  test('starts no further step until resume; the one that runs comes to its end', async () => {
    const scene = await Scene.make();
    const java = scene.fake.hang('installJava/h1');
    const handle = await scene.start('deployCluster');
    await java.started;
    // The host's other branch is done before the pause.
    await scene.fake.until('shareSecrets ended');
    assert.equal((await handle.executeUpdate<Progress, [object]>('pause', { args: [{}] })).paused, true);
    java.go();
    await progressWhen(handle, (progress) => stepOf(progress, 'installJava/h1')?.status === 'done');
    // A whole look through the workflow: had it gone on, the step would be running by the answer of this query.
    assert.equal(stepOf(await handle.query(progressQuery), 'installActiveMQ/h1')?.status, 'pending');
    assert.deepEqual(scene.fake.calls('installActiveMQ'), []);
    await handle.executeUpdate('resume', { args: [{}] });
    assert.equal((await handle.result()).outcome, 'deployed');
  });

  test('from the start (startPaused) runs no step before resume', async () => {
    const scene = await Scene.make();
    const handle = await scene.start('deployCluster', { startPaused: true });
    const progress = await progressWhen(handle, ({ phase }) => phase === 'preparing the networks');
    assert.equal(progress.paused, true);
    assert.deepEqual(scene.fake.steps(), []);
    await handle.executeUpdate('resume', { args: [{}] });
    assert.equal((await handle.result()).outcome, 'deployed');
  });

  test('can be ended by abort', async () => {
    const scene = await Scene.make();
    const handle = await scene.start('deployCluster', { startPaused: true });
    await progressWhen(handle, ({ phase }) => phase === 'preparing the networks');
    await handle.executeUpdate('abort', { args: [{}] });
    assert.equal((await failureOf(handle.result())).type, 'Aborted');
  });
});
