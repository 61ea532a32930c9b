import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { drillRecordSchema, type DrillRecord } from '../../core/drills/record.js';
import type { ScenarioInput } from '../../core/drills/scenario.js';
import { EverbrokerError } from '../../core/failure.js';
import { fault } from '../support/fake-cluster.js';
import { failureOf, Scene, type SceneOptions } from '../support/workflow-env.js';

const scenario = (more: Partial<ScenarioInput> = {}): ScenarioInput => ({
  version: 1,
  name: 'kill-master',
  target: { role: 'master' },
  fault: { kind: 'kill' },
  load: { flows: [{}], warmUpSeconds: 0.1, afterSeconds: 0.1 },
  ...more,
});

/** A deployed cluster of two groups on two hosts of their own. */
async function deployed(options: SceneOptions = {}): Promise<Scene> {
  const scene = await Scene.make({ hosts: 2, ...options });
  await scene.execute('deployCluster');
  scene.fake.forget();
  return scene;
}

const drill = (scene: Scene, more: Partial<ScenarioInput> = {}): Promise<DrillRecord> =>
  scene.execute('runDrill', { scenario: scenario(more) });

const attributesOf = async (handle: Pick<WorkflowHandle, 'describe'>): Promise<Record<string, unknown>> =>
  Object.fromEntries(
    (await handle.describe()).typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]),
  );

const onlyRecord = ({ fake }: Scene): DrillRecord => {
  assert.equal(fake.drills.records.length, 1);
  const [record] = fake.drills.records;
  assert.ok(record);
  return record;
};

describe('a drill that goes well', { concurrency: 3 }, () => {
  test('passes, gives its record, keeps the same one, and can be found by cluster, scenario and verdict', async () => {
    const scene = await deployed();
    const handle = await scene.start('runDrill', { scenario: scenario() });
    const record = await handle.result();
    assert.equal(record.verdict, 'passed', JSON.stringify(record.hypotheses));
    assert.deepEqual(drillRecordSchema.parse(record), record);
    assert.deepEqual(onlyRecord(scene), record);
    assert.deepEqual(record.injections[0]?.targets, ['n1']);
    assert.equal(record.healed, true);
    const attributes = await attributesOf(handle);
    assert.equal(attributes['EverbrokerScenario'], 'kill-master');
    assert.equal(attributes['EverbrokerVerdict'], 'passed');
    assert.equal(attributes['EverbrokerCluster'], scene.topology.name);
  });

  test('runs in order: proof, load, fault, healing, look, ledger, record; and leaves no load and no claim', async () => {
    const scene = await deployed();
    await drill(scene);
    const { order } = scene.fake;
    const sequence = [
      'proveMessages',
      'faultSupport/h1',
      'startLoad/',
      'injectFault/h1',
      'healFault/h1',
      'lookForFault/h1',
      'drainLoad',
      'collectLedger',
      'clearLoad',
      'keepRecord',
    ];
    const places = sequence.map((name) =>
      order.findIndex((entry) => entry.startsWith(name) && entry.endsWith('began')),
    );
    assert.ok(!places.includes(-1), `${sequence[places.indexOf(-1)]} never ran`);
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
      order.join('\n'),
    );
    assert.equal(scene.fake.claim, null);
    assert.deepEqual(scene.fake.drills.inForce, []);
  });

  test('hits each node in its turn, each healed before the next', async () => {
    const scene = await deployed();
    const record = await drill(scene, { name: 'rolling-kills', target: { role: 'each-node' } });
    assert.deepEqual(
      record.injections.map(({ targets }) => targets[0]),
      ['n1', 'n2', 'n3', 'n4'],
    );
    const faults = scene.fake.order.filter((entry) => /^(inject|heal)Fault.* began/.test(entry));
    assert.deepEqual(
      faults.slice(0, 8).map((entry) => entry.split('/')[0]),
      Array.from({ length: 4 }, () => ['injectFault', 'healFault']).flat(),
    );
  });

  test('survives an answer that was lost: the fault is found, and not done twice', async () => {
    const scene = await deployed();
    scene.fake.fail('injectFault/h1', new EverbrokerError('HostUnreachable', 'the link is cut'));
    const record = await drill(scene);
    assert.equal(record.verdict, 'passed', record.reason);
    assert.equal(scene.fake.drills.faults.size, 1);
  });
});

describe('a drill whose hypothesis does not hold', { concurrency: 3 }, () => {
  test('fails the workflow after its record is kept, with the record in the failure', async () => {
    const scene = await deployed();
    scene.fake.drills.lost = 3;
    const handle = await scene.start('runDrill', { scenario: scenario() });
    const { type } = await failureOf(handle.result());
    assert.equal(type, 'DrillFailed');
    assert.equal(onlyRecord(scene).verdict, 'failed');
    assert.equal(onlyRecord(scene).ledger?.total.lost, 3);
    assert.equal((await attributesOf(handle))['EverbrokerVerdict'], 'failed');
    const error: unknown = await handle.result().catch((thrown: unknown) => thrown);
    assert.ok(error instanceof Error && error.cause instanceof ApplicationFailure);
    const [details] = error.cause.details ?? [];
    assert.deepEqual((details as { record: DrillRecord }).record, onlyRecord(scene));
  });

  test('calls the webhook that the topology names', async () => {
    const scene = await deployed({ overrides: { notify: { webhook: { url: 'https://example.org/hook' } } } });
    scene.fake.drills.lost = 1;
    await failureOf(drill(scene));
    assert.equal(scene.fake.drills.events.length, 1);
    assert.equal((scene.fake.drills.events[0] as { verdict: string }).verdict, 'failed');
  });
});

describe('a drill that proves nothing', { concurrency: 3 }, () => {
  test('is skipped, and no failure, while another operation has the cluster', async () => {
    const scene = await deployed();
    const hanging = scene.fake.hang('observeHost/h1');
    const other = await scene.start('deployCluster');
    await hanging.started;
    const record = await drill(scene);
    assert.equal(record.verdict, 'skipped');
    assert.match(record.reason, /is busy: deploy by/);
    assert.equal(scene.fake.drills.faults.size, 0);
    hanging.go();
    await other.result();
  });

  test('is skipped when the last one ended a moment ago', async () => {
    const scene = await deployed();
    scene.fake.drills.lastEndedAt = Date.now() - 60_000;
    const record = await drill(scene, { guards: { cooldownMinutes: 30 } });
    assert.equal(record.verdict, 'skipped');
    assert.match(record.reason, /ended 1\.0 min ago, and 30\.0 min/);
  });

  test('is inconclusive, and no failure, when the cluster was not well to begin with', async () => {
    const scene = await deployed();
    scene.fake.lostMessages = ['g1 → g2'];
    const record = await drill(scene);
    assert.equal(record.verdict, 'inconclusive');
    assert.match(record.reason, /no steady state/);
    assert.equal(scene.fake.drills.faults.size, 0);
    assert.equal(scene.fake.drills.loads, 0);
  });

  test('is inconclusive when nobody could take over', async () => {
    const scene = await deployed({ nodesPerGroup: 1 });
    const { type } = await failureOf(drill(scene)).catch(() => ({ type: 'none' }));
    const [record] = scene.fake.drills.records;
    assert.ok(type === 'DrillRefused' || record?.verdict === 'inconclusive');
    assert.equal(scene.fake.drills.faults.size, 0);
  });

  test('heals at once when more messages wait than its guard allows', async () => {
    const scene = await deployed();
    scene.fake.drills.backlog = 500;
    const record = await drill(scene, {
      fault: { kind: 'freeze', holdSeconds: 600 },
      guards: { backlog: 100 },
    });
    assert.equal(record.verdict, 'inconclusive');
    assert.match(record.reason, /messages wait, more than 100/);
    assert.equal(scene.fake.calls('drainLoad').length, 1, 'what waits is taken before anything is called lost');
    assert.deepEqual(scene.fake.drills.inForce, []);
  });
});

describe('a drill whose queues could not all be looked into', { concurrency: 3 }, () => {
  test('is inconclusive, and says which queue', async () => {
    const scene = await deployed();
    scene.fake.drills.unseen = [{ flow: 'g1-g1', broker: 'g2', why: 'no broker answers' }];
    const record = await drill(scene);
    assert.equal(record.verdict, 'inconclusive');
    assert.match(record.reason, /that of g1-g1 at g2 \(no broker answers\)/);
  });

  test('calls nothing lost that may wait there', async () => {
    const scene = await deployed();
    scene.fake.drills.lost = 3;
    scene.fake.fail('drainLoad', fault('no host of the load answers'), fault('no host of the load answers'));
    const record = await drill(scene);
    assert.equal(record.verdict, 'inconclusive');
    assert.equal(record.hypotheses.find(({ name }) => name === 'lost')?.held, null);
  });
});

describe('a drill that may not run', { concurrency: 3 }, () => {
  test('is refused in an environment that its guard does not name, before anything is touched', async () => {
    const scene = await deployed({ overrides: { environment: 'production' } });
    const { type, message } = await failureOf(drill(scene));
    assert.equal(type, 'DrillRefused');
    assert.match(message, /the topology is production/);
    assert.deepEqual(scene.fake.steps(), []);
  });

  test('is refused when the kernel cannot do its fault, before the load starts', async () => {
    const scene = await deployed();
    scene.fake.drills.impossible = 'the kernel has no netem';
    const { type } = await failureOf(drill(scene, { fault: { kind: 'packets', delayMs: 50, holdSeconds: 5 } }));
    assert.equal(type, 'FaultImpossible');
    assert.equal(scene.fake.drills.loads, 0);
    assert.equal(scene.fake.claim, null);
  });

  test('is refused when a host that only a later turn hits cannot have its fault, before anything is broken', async () => {
    const scene = await deployed();
    Object.assign(scene.fake.drills, { impossible: 'its engine has no socket', impossibleOn: 'h2' });
    const full = { kind: 'disk-full', holdSeconds: 1 } as const;
    const { type, message } = await failureOf(drill(scene, { target: { role: 'each-node' }, fault: full }));
    assert.equal(type, 'FaultImpossible');
    assert.match(message, /^h2: its engine has no socket/);
    assert.deepEqual(scene.fake.calls('faultSupport').sort(), ['faultSupport/h1', 'faultSupport/h2']);
    assert.equal(scene.fake.drills.faults.size, 0);
    assert.equal(scene.fake.drills.loads, 0);
  });

  test('is refused with every problem of its scenario', async () => {
    const scene = await deployed();
    const bad = { ...scenario(), name: 'Bad Name', fault: { kind: 'kil' }, load: { flows: [] } };
    const { type, message } = await failureOf(scene.execute('runDrill', { scenario: bad }));
    assert.equal(type, 'InvalidInput');
    for (const path of ['name', 'fault.kind', 'load.flows'])
      assert.match(message, new RegExp(path.replace('.', '\\.')));
  });
});

describe('a drill that is cancelled while its fault is on', { concurrency: 3 }, () => {
  test('heals, keeps an inconclusive record, gives the cluster back, and ends as cancelled', async () => {
    const scene = await deployed();
    const handle = await scene.start('runDrill', {
      scenario: scenario({ fault: { kind: 'freeze', holdSeconds: 600 } }),
    });
    await scene.fake.until('injectFault/h1 ended');
    await handle.cancel();
    await assert.rejects(handle.result());
    assert.deepEqual(scene.fake.drills.inForce, []);
    assert.equal(onlyRecord(scene).verdict, 'inconclusive');
    assert.match(onlyRecord(scene).reason, /cancelled/);
    assert.equal(scene.fake.claim, null);
    assert.equal((await handle.describe()).status.name, 'CANCELLED');
  });
});

describe('a drill that is paused or aborted while its fault is on', { concurrency: 3 }, () => {
  const held = { fault: { kind: 'freeze', holdSeconds: 2 } } as const;

  test('heals at the end of the hold while it is paused, and goes on when it is resumed', async () => {
    const scene = await deployed();
    const handle = await scene.start('runDrill', { scenario: scenario(held) });
    await scene.fake.until('injectFault/h1 ended');
    await handle.executeUpdate('pause', { args: [{}] });
    await scene.fake.until('healFault/h1 ended');
    assert.deepEqual(scene.fake.drills.inForce, []);
    await handle.executeUpdate('resume', { args: [{}] });
    assert.equal((await handle.result()).verdict, 'passed');
  });

  /** It would be held for ten minutes. */
  const long = { fault: { kind: 'freeze', holdSeconds: 600 } } as const;

  for (const paused of [false, true])
    test(`heals at once after an abort${paused ? ' while it is paused' : ''}, ends its load, and proves nothing`, async () => {
      const scene = await deployed();
      const handle = await scene.start('runDrill', { scenario: scenario(long) });
      await scene.fake.until('injectFault/h1 ended');
      if (paused) await handle.executeUpdate('pause', { args: [{}] });
      await handle.executeUpdate('abort', { args: [{}] });
      const record = await handle.result();
      assert.equal(record.verdict, 'inconclusive');
      assert.equal(record.reason, 'ended early: aborted on request');
      assert.equal(record.injections[0]?.healedBy, 'drill');
      proveNothingLeft(scene, record);
      assert.equal((await handle.describe()).status.name, 'COMPLETED');
    });

  test('fails all the same when messages were lost before an abort', async () => {
    const scene = await deployed();
    scene.fake.drills.lost = 2;
    const handle = await scene.start('runDrill', { scenario: scenario(long) });
    await scene.fake.until('injectFault/h1 ended');
    await handle.executeUpdate('abort', { args: [{}] });
    assert.equal((await failureOf(handle.result())).type, 'DrillFailed');
    assert.match(onlyRecord(scene).reason, /^lost: 2/);
  });

  test('that is aborted before its fault breaks nothing', async () => {
    const scene = await deployed();
    const proving = scene.fake.hang('proveMessages', { beats: true });
    const handle = await scene.start('runDrill', { scenario: scenario(held) });
    await proving.started;
    await handle.executeUpdate('abort', { args: [{}] });
    const record = await handle.result();
    assert.equal(record.reason, 'ended early: aborted on request');
    assert.equal(scene.fake.drills.faults.size, 0);
    assert.equal(scene.fake.claim, null);
  });

  function proveNothingLeft(scene: Scene, record: DrillRecord): void {
    assert.deepEqual(onlyRecord(scene), record);
    assert.equal(record.healed, true);
    assert.deepEqual(scene.fake.drills.inForce, []);
    assert.equal(scene.fake.drills.loads, 0);
    assert.equal(scene.fake.claim, null);
  }
});
