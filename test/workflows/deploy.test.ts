import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Scene, failureOf, stepOf } from '../support/workflow-env.js';
import { EverbrokerError } from '../../core/failure.js';
import { progressQuery } from '../../workflows/messages.js';
import { deployOutput, destroyOutput, planOutput, statusOutput, verifyOutput } from '../../core/contract.js';

const deployed = async (options = {}): Promise<Scene> => {
  const scene = await Scene.make({ hosts: 2, ...options });
  await scene.execute('deployCluster');
  scene.fake.forget();
  return scene;
};

describe('deployCluster from nothing', { concurrency: 3 }, () => {
  test('gives each node with its role, the URLs of clients, the subnets, the checks and the counts', async () => {
    const scene = await Scene.make({ hosts: 2, groups: 2, nodesPerGroup: 2 });
    const output = await scene.execute('deployCluster');
    assert.deepEqual(deployOutput.parse(output), output);
    assert.equal(output.outcome, 'deployed');
    assert.deepEqual(output.nodes.map(({ node, role }) => `${node} ${role}`).sort(), [
      'n1 master',
      'n2 slave',
      'n3 master',
      'n4 slave',
    ]);
    assert.match(output.clientUrls['g1'] ?? '', /^failover:\(tcp:/);
    assert.deepEqual(output.networks, { testnet: '172.29.0.0/16' });
    assert.ok(output.checks.length > 0 && output.checks.every((check) => check.ok));
    assert.equal(output.steps.skipped, 0);
    assert.ok(output.steps.changed > 10);
  });

  test('runs in order: containers, secrets, configuration, the master, then its slaves beside the proof, the class data', async () => {
    const scene = await Scene.make({ hosts: 3, groups: 2, nodesPerGroup: 3 });
    await scene.execute('deployCluster');
    const { order } = scene.fake;
    const inOrder = (first: string, then: string): void => {
      assert.ok(order.includes(`${first} ended`) && order.includes(`${then} began`), `${first} and ${then} ran`);
      assert.ok(order.indexOf(`${first} ended`) < order.indexOf(`${then} began`), `${first} before ${then}`);
    };
    inOrder('createNetwork/testnet', 'createContainer/h1');
    for (const host of ['h1', 'h2', 'h3']) inOrder(`createContainer/${host}`, 'shareSecrets');
    for (const node of ['n1', 'n2', 'n3', 'n4', 'n5', 'n6']) inOrder('shareSecrets', `configureNode/${node}`);
    for (const [master, slaves] of [
      ['n1', ['n2', 'n3']],
      ['n4', ['n5', 'n6']],
    ] as const) {
      for (const slave of slaves) inOrder(`startNode/${master}`, `startNode/${slave}`);
      inOrder(`startNode/${master}`, 'proveMessages');
    }
    inOrder('proveMessages', 'makeClassData/h1');
  });

  test('does not wait with the credentials for Java', async () => {
    const scene = await Scene.make({ hosts: 2 });
    const java = scene.fake.hang('installJava/h2');
    const handle = await scene.start('deployCluster');
    await java.started;
    await scene.fake.until('shareSecrets ended');
    assert.deepEqual(scene.fake.calls('configureNode/'), []);
    java.go();
    await handle.result();
  });

  test('shows its progress as a query, its verdict as search attributes, its nodes as current details', async () => {
    const scene = await Scene.make();
    const handle = await scene.start('deployCluster');
    const output = await handle.result();
    const progress = await handle.query(progressQuery);
    assert.equal(progress.operation, 'deploy');
    assert.equal(progress.cluster, scene.topology.name);
    assert.equal(progress.phase, 'deployed');
    assert.deepEqual(progress.nodes, output.nodes);
    assert.ok(progress.steps.every((step) => ['done', 'unchanged'].includes(step.status)));
    const start = stepOf(progress, 'startNode/n1');
    assert.ok(start);
    const { startedAt, endedAt, ...rest } = start;
    assert.deepEqual(rest, {
      id: 'startNode/n1',
      summary: 'n1 · start as master of g1',
      host: 'h1',
      group: 'g1',
      node: 'n1',
      status: 'done',
      note: 'startNode done',
    });
    assert.ok(startedAt !== undefined && endedAt !== undefined && startedAt <= endedAt);
    const { typedSearchAttributes } = await handle.describe();
    const attributes = Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
    assert.deepEqual(
      [attributes['EverbrokerCluster'], attributes['EverbrokerOperation'], attributes['EverbrokerVerdict']],
      [scene.topology.name, 'deploy', 'deployed'],
    );
    const details = await handle.query<string>('__temporal_workflow_metadata').then((found) => JSON.stringify(found));
    assert.match(details, /\| n1\s+\| g1\s+\| h1\s+\| master\s+\| 61001\s+\| 18001\s+\|/);
  });

  test('survives a fault that passes, without anybody noticing', async () => {
    const scene = await Scene.make({ groups: 1 });
    scene.fake.fail('startNode/n1', new EverbrokerError('BrokerDidNotStart', 'the port was still in use'));
    const output = await scene.execute('deployCluster');
    assert.equal(output.outcome, 'deployed');
    assert.deepEqual(scene.fake.calls('startNode/n1'), ['startNode/n1', 'startNode/n1']);
  });

  test('stays under a thousand events for 24 nodes on six hosts', async () => {
    const scene = await Scene.make({ hosts: 6, groups: 8, nodesPerGroup: 3 });
    const handle = await scene.start('deployCluster');
    const output = await handle.result();
    assert.equal(output.nodes.length, 24);
    const { events = [] } = await handle.fetchHistory();
    assert.ok((events?.length ?? 0) < 1000, `${events?.length} events`);
  });
});

describe('deployCluster of a cluster that exists', { concurrency: 3 }, () => {
  test('finds nothing to do the second time: unchanged, and no step runs', async () => {
    const scene = await deployed();
    const output = await scene.execute('deployCluster');
    assert.equal(output.outcome, 'unchanged');
    assert.deepEqual(output.steps, { run: 0, changed: 0, skipped: 0 });
    assert.equal(output.nodes.length, 4);
    assert.deepEqual(scene.fake.steps(), []);
  });

  test('starts a stopped container, looks again, and plans the rest from what is there', async () => {
    const scene = await deployed();
    scene.fake.stopContainer('h2');
    const output = await scene.execute('deployCluster');
    assert.equal(output.outcome, 'deployed');
    assert.equal(scene.fake.calls('planSteps').length, 2);
    assert.equal(scene.fake.steps()[0], 'createContainer/h2');
    assert.deepEqual(scene.fake.calls('installJava'), []);
    assert.deepEqual(scene.fake.calls('startNode/').sort(), ['startNode/n2', 'startNode/n3']);
    assert.ok(output.nodes.every(({ role }) => role === 'master' || role === 'slave'));
  });

  test('restarts nodes for a new configuration, one at a time, each master last', async () => {
    const scene = await deployed({ groups: 1, nodesPerGroup: 3 });
    scene.fake.version = 'v2';
    await scene.execute('deployCluster');
    assert.deepEqual(scene.fake.calls('stopNode/'), ['stopNode/n2', 'stopNode/n3', 'stopNode/n1']);
  });
});

describe('input that is wrong', { concurrency: 3 }, () => {
  test('ends the operation at once, with every problem in the message, and nothing is touched', async () => {
    const scene = await Scene.make();
    const topology = { ...scene.input, name: 'Not A Name', activemq: { version: '1.0' } };
    const { type, message } = await failureOf(scene.execute('deployCluster', { topology }));
    assert.equal(type, 'InvalidInput');
    for (const problem of [/name/, /activemq\.version/]) assert.match(message, problem);
    assert.deepEqual(scene.fake.began, ['resolveInput']);
  });

  test('of the options is refused with the option’s name, and an unknown topology with those that are known', async () => {
    const scene = await Scene.make();
    const options = await failureOf(scene.execute('deployCluster', { onFailure: 'perhaps', rolback: true }));
    assert.equal(options.type, 'InvalidInput');
    assert.match(options.message, /onFailure/);
    assert.match(options.message, /rolback/);
    const unknown = await failureOf(scene.execute('deployCluster', { topology: 'hah-6' }));
    assert.match(unknown.message, /unknown "hah-6"; the worker knows ha-6, single/);
  });
});

describe('planCluster', { concurrency: 3 }, () => {
  test('lists the steps that deploy would run, each with its reason, and changes nothing', async () => {
    const scene = await Scene.make();
    const output = await scene.execute('planCluster');
    assert.deepEqual(planOutput.parse(output), output);
    assert.ok(output.steps.length > 10);
    assert.ok(output.steps.every((step) => step.reason !== ''));
    assert.deepEqual(scene.fake.steps(), []);
    assert.deepEqual(scene.fake.holds, []);
    const planned = output.steps.map((step) => step.id).sort();
    await scene.execute('deployCluster');
    // verifyRoles is no activity, and the proof is not named by its step.
    const ran = [...scene.fake.steps(), 'proveMessages', 'shareSecrets', 'verifyRoles/g1', 'verifyRoles/g2'].sort();
    assert.deepEqual(planned, ran);
  });

  test('shows the difference of each file that deploy would update', async () => {
    const scene = await deployed({ groups: 1 });
    scene.fake.version = 'v2';
    const { steps } = await scene.execute('planCluster');
    const files = steps.find((step) => step.id === 'configureNode/n1')?.files ?? [];
    assert.deepEqual(
      files.map(({ change, diff }) => [change, diff]),
      [['update', '-old\n+v2']],
    );
  });
});

describe('verifyCluster and statusCluster', { concurrency: 3 }, () => {
  test('pass on a cluster that is as its topology says', async () => {
    const scene = await deployed();
    const verified = await scene.execute('verifyCluster');
    assert.deepEqual(verifyOutput.parse(verified), verified);
    assert.equal(verified.verdict, 'passed');
    const status = await scene.execute('statusCluster');
    assert.deepEqual(statusOutput.parse(status), status);
    assert.equal(status.healthy, true);
    assert.deepEqual(scene.fake.steps(), []);
  });

  test('complete with the verdict "failed" and the fault’s name when messages are lost', async () => {
    const scene = await deployed();
    scene.fake.lostMessages = ['g1 → g2'];
    const handle = await scene.start('verifyCluster');
    const output = await handle.result();
    assert.equal(output.verdict, 'failed');
    assert.deepEqual(
      output.checks.filter((check) => !check.ok).map((check) => check.fault),
      ['MessagesLost'],
    );
    const verdicts = (await handle.describe()).typedSearchAttributes.getAll().map(({ value }) => value);
    assert.ok(verdicts.includes('failed'));
    const without = await scene.execute('verifyCluster', { messages: false });
    assert.equal(without.verdict, 'passed');
  });

  test('name a node that is down and a host whose container does not run', async () => {
    const scene = await deployed();
    scene.fake.stopContainer('h2');
    const output = await scene.execute('statusCluster');
    assert.equal(output.healthy, false);
    assert.deepEqual(
      output.nodes.filter(({ role }) => role === 'down').map(({ node }) => node),
      ['n2', 'n3'],
    );
  });
});

describe('destroyCluster', { concurrency: 3 }, () => {
  test('removes containers and network, and keeps the volumes', async () => {
    const scene = await deployed();
    const { name } = scene.topology;
    const output = await scene.execute('destroyCluster');
    assert.deepEqual(destroyOutput.parse(output), output);
    assert.equal(output.outcome, 'destroyed');
    assert.deepEqual(output.removed.toSorted(), [`${name}-h1`, `${name}-h2`, 'testnet']);
    assert.deepEqual(output.kept, [...scene.fake.volumes].sort());
    assert.ok(output.kept.length > 0);
    const again = await scene.execute('destroyCluster');
    assert.equal(again.outcome, 'nothing');
  });

  test('removes the volumes too with deleteData, once the name is repeated, and only then', async () => {
    const scene = await deployed();
    const { type, message } = await failureOf(scene.execute('destroyCluster', { deleteData: true }));
    assert.equal(type, 'InvalidInput');
    assert.match(message, /confirm/);
    const output = await scene.execute('destroyCluster', { deleteData: true, confirm: scene.topology.name });
    assert.deepEqual([output.kept, scene.fake.volumes.size], [[], 0]);
    const order = scene.fake.steps().map((step) => step.split('/')[0]);
    assert.deepEqual(
      order,
      order.toSorted((a, b) => RANK.indexOf(a ?? '') - RANK.indexOf(b ?? '')),
    );
  });
});

const RANK = ['removeContainer', 'removeNetwork', 'removeVolume'];
