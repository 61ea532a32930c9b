/** What takes minutes or hours, on a server whose time jumps to the next timer. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { EverbrokerError } from '../../core/failure.js';
import { holderWorkflowId } from '../../core/naming.js';
import { progressQuery } from '../../workflows/messages.js';
import { fault } from '../support/fake-cluster.js';
import { withoutBridges } from '../support/readings.js';
import { lasted, skipping, timers, times } from '../support/skipping.js';
import { failureOf, stepOf, type Scene } from '../support/workflow-env.js';

describe('a failed step that waits for a decision', () => {
  test('does so for as long as the input says, and then ends the operation with its own failure', async () => {
    await skipping({ groups: 1 }, async ({ scene }) => {
      scene.fake.fail('startNode/n1', fault('it will not start'));
      const handle = await scene.start('deployCluster', { onFailure: 'wait', waitAtMostMinutes: 600 });
      const { type, message } = await failureOf(handle.result());
      assert.equal(type, 'PortTaken');
      assert.match(message, /^it will not start/);
      assert.ok((await lasted(handle)) >= 600 * 60);
      assert.equal(scene.fake.claim, null);
    });
  });

  test('keeps its claim meanwhile, however often the keeper fails', async () => {
    await skipping({ groups: 1 }, async ({ scene }) => {
      scene.fake.fail('keepClaim', ...times(60, 'EngineUnreachable', 'the engine restarts'));
      scene.fake.fail('startNode/n1', fault('it will not start'));
      const handle = await scene.start('deployCluster', { onFailure: 'wait', waitAtMostMinutes: 10 });
      assert.equal((await failureOf(handle.result())).type, 'PortTaken');
      assert.equal(scene.fake.calls('keepClaim').length, 61);
    });
  });
});

describe('a step that fails by a passing fault', () => {
  test('is tried again after half a second, one and two, and then succeeds', async () => {
    await skipping({ groups: 1 }, async ({ scene }) => {
      scene.fake.fail('installJava/h1', ...times(3, 'ArtefactUnavailable', 'the mirror is down'));
      const handle = await scene.start('deployCluster');
      assert.equal((await handle.result()).outcome, 'deployed');
      assert.equal(scene.fake.calls('installJava/h1').length, 4);
      assert.ok((await lasted(handle)) >= 3.5);
    });
  });

  test('is tried four times and no more', async () => {
    await skipping({ groups: 1 }, async ({ scene }) => {
      scene.fake.fail('installJava/h1', ...times(4, 'ArtefactUnavailable', 'the mirror is down'));
      assert.equal((await failureOf(scene.execute('deployCluster'))).type, 'ArtefactUnavailable');
      assert.equal(scene.fake.calls('installJava/h1').length, 4);
    });
  });
});

describe('a host that is lost', () => {
  const GONE = 'the container of h1 does not run';

  test('is looked at again in rounds, and the deployment goes on when it comes back in the last one', async () => {
    await skipping({ groups: 1 }, async ({ scene }) => {
      scene.fake.fail('installJava/h1', ...times(5 * 4, 'HostUnreachable', GONE));
      const handle = await scene.start('deployCluster');
      const output = await handle.result();
      assert.equal(output.outcome, 'deployed');
      assert.equal(scene.fake.calls('installJava/h1').length, 21);
      // And the one that bounds the wait for the holder's end.
      assert.deepEqual(await timers(handle), [5, 5, 5, 5, 5, 5]);
    });
  });

  test('ends the deployment after the sixth round', async () => {
    await skipping({ groups: 1 }, async ({ scene }) => {
      scene.fake.fail('installJava/h1', ...times(100, 'HostUnreachable', GONE));
      const { type, message } = await failureOf(scene.execute('deployCluster'));
      assert.deepEqual([type, message.split('\n')[0]], ['HostUnreachable', GONE]);
      assert.equal(scene.fake.calls('installJava/h1').length, 6 * 4);
      assert.equal(scene.fake.claim, null);
    });
  });
});

/** What was not well was looked at for half a minute, once. */
async function insistOnHalfAMinute(handle: Parameters<typeof timers>[0]): Promise<void> {
  const polls = (await timers(handle)).filter((seconds) => seconds === 0.5);
  assert.ok(polls.length > 50 && polls.length <= 61, String(polls.length));
}

describe('roles that are not as they must be', () => {
  /** The first looks at the group find a master and a slave that serves as well. */
  function twoMasters(scene: Scene, looks: number): () => number {
    let looked = 0;
    const read = scene.fake.read.bind(scene.fake);
    scene.fake.read = (host, group) => {
      const readings = read(host, group);
      const served = readings.some(({ observation }) => observation.listening.length > 0);
      if (!served || ++looked > looks) return readings;
      const master = readings.find(({ observation }) => observation.listening.length > 0);
      return readings.map(({ observation, ...reading }) => ({
        ...reading,
        observation: { ...observation, log: { role: 'master' as const }, lock: 'held' as const },
        broker: master?.broker ?? reading.broker,
      }));
    };
    return () => looked;
  }

  test('may settle: the deployment looks until they do', async () => {
    await skipping({ groups: 1 }, async ({ scene }) => {
      const looked = twoMasters(scene, 20);
      assert.equal((await scene.execute('deployCluster')).outcome, 'deployed');
      assert.equal(looked(), 21);
    });
  });

  test('end it after half a minute with the checks that still failed', async () => {
    await skipping({ groups: 1 }, async ({ scene }) => {
      twoMasters(scene, Infinity);
      const handle = await scene.start('deployCluster');
      const { type, message } = await failureOf(handle.result());
      assert.equal(type, 'VerificationFailed');
      assert.match(message, /TwoMasters/);
      await insistOnHalfAMinute(handle);
    });
  });
});

describe('bridges that do not come up', () => {
  /** Messages cross all the same. @returns what lets them come up. */
  function noBridges({ fake }: Scene): () => void {
    const read = fake.read.bind(fake);
    let down = true;
    fake.read = (host, group) => (down ? read(host, group).map(withoutBridges) : read(host, group));
    return () => (down = false);
  }

  test('end the deployment by that name, when they have been waited for once', async () => {
    await skipping({ groups: 2 }, async ({ scene }) => {
      noBridges(scene);
      const handle = await scene.start('deployCluster');
      const { type, message } = await failureOf(handle.result());
      assert.equal(type, 'VerificationFailed');
      assert.match(message, /BridgeDown/);
      await insistOnHalfAMinute(handle);
    });
  });

  test('wait for a decision, and are looked for again when the step is tried again', async () => {
    await skipping({ groups: 2 }, async ({ scene, pass }) => {
      const comeUp = noBridges(scene);
      const handle = await scene.start('deployCluster', { onFailure: 'wait' });
      const proof = async () => stepOf(await handle.query(progressQuery), 'proveMessages');
      while ((await proof())?.status !== 'waiting') await pass(5);
      assert.match((await proof())?.error ?? '', /BridgeDown/);
      comeUp();
      await handle.executeUpdate('retryStep', { args: [{}] });
      const { outcome, checks } = await handle.result();
      assert.equal(outcome, 'deployed');
      assert.ok(
        checks.some(({ name }) => /^bridge /.test(name)),
        JSON.stringify(checks.map(({ name }) => name)),
      );
      assert.ok(checks.every(({ ok }) => ok));
    });
  });
});

describe('an operation whose cluster is taken away', () => {
  test('waits for the keeper to say why, and else ends with what the host said', async () => {
    await skipping({ groups: 1 }, async ({ scene }) => {
      scene.fake.fail('installJava/h1', new EverbrokerError('OwnershipLost', 'another operation owns this host'));
      const handle = await scene.start('deployCluster');
      const { type, message } = await failureOf(handle.result());
      assert.equal(type, 'OwnershipLost');
      assert.match(message, /^another operation owns this host/);
      assert.ok((await timers(handle)).includes(10));
    });
  });

  test('is busy when the holder before it does not end, though nobody is left to release it', async () => {
    await skipping({ groups: 1 }, async ({ scene }) => {
      const ended = await scene.start('planCluster');
      await ended.result();
      const holder = { operation: 'deploy', workflowId: ended.workflowId, runId: ended.firstExecutionRunId, since: '' };
      const held = await scene.client.workflow.start('holdCluster', {
        workflowId: holderWorkflowId(scene.topology.name),
        // No worker is there: it never hears that it is released.
        taskQueue: 'nobody',
        args: [holder],
        memo: holder,
      });
      const handle = await scene.start('deployCluster');
      const { type, message } = await failureOf(handle.result());
      assert.equal(type, 'ClusterBusy');
      assert.match(message, /other operations, each of which has just ended/);
      assert.equal((await timers(handle)).length, 9);
      await held.terminate();
    });
  });
});

describe('a worker', () => {
  test('that falls silent in a step is given up after ten seconds: the step is begun again', async () => {
    await skipping({ groups: 1 }, async ({ scene, pass }) => {
      const silent = scene.fake.hang('installJava/h1');
      const handle = await scene.start('deployCluster');
      await silent.started;
      await pass(9);
      assert.equal(scene.fake.calls('installJava/h1').length, 1);
      const again = scene.fake.hang('installJava/h1');
      await pass(2);
      await again.started;
      again.go();
      assert.equal((await handle.result()).outcome, 'deployed');
      assert.equal(scene.fake.calls('installJava/h1').length, 2);
    });
  });

  test('whose step takes longer than its profile allows is told to end it, and begins it again', async () => {
    await skipping({ groups: 1 }, async ({ scene, pass }) => {
      const slow = scene.fake.hang('createContainer/h1', { beats: true });
      const handle = await scene.start('deployCluster');
      await slow.started;
      const again = scene.fake.hang('createContainer/h1');
      const began = again.started.then(() => true);
      let passed = 0;
      for (let over = false; !over && passed < 120; passed += 6) {
        await pass(6);
        over = await Promise.race([began, delay(150).then(() => false)]);
      }
      assert.ok(passed > 50 && passed < 70, String(passed));
      const { pendingActivities } = (await handle.describe()).raw;
      const pending = pendingActivities?.find(({ activityType }) => activityType?.name === 'createContainer');
      assert.equal(pending?.attempt, 2);
      const START_TO_CLOSE = 1;
      assert.equal(pending?.lastFailure?.timeoutFailureInfo?.timeoutType, START_TO_CLOSE);
      again.go();
      assert.equal((await handle.result()).outcome, 'deployed');
    });
  });
});
