import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Scene } from '../support/workflow-env.js';

describe('a worker that is stopped while it deploys', () => {
  test('hands the operation to the next one: the step in hand is done again, those before it are not', async () => {
    const scene = await Scene.make({ taskQueue: 'lost', hosts: 2 });
    const start = scene.fake.hang('startNode/n1');
    const first = await scene.worker();
    const running = first.run();
    const handle = await scene.start('deployCluster');
    await start.started;
    const before = scene.fake.order.filter((entry) => entry.endsWith(' ended'));
    first.shutdown();
    await running;
    assert.ok(scene.fake.order.includes('startNode/n1 failed'));

    const second = await scene.worker();
    const output = await second.runUntil(() => handle.result());
    assert.equal(output.outcome, 'deployed');
    assert.deepEqual(scene.fake.calls('startNode/n1'), ['startNode/n1', 'startNode/n1']);
    const ended = scene.fake.order.filter((entry) => entry.endsWith(' ended'));
    const isStep = (entry: string): boolean => scene.fake.steps().includes(entry.replace(' ended', ''));
    for (const entry of before.filter(isStep)) assert.equal(ended.filter((other) => other === entry).length, 1, entry);
    assert.deepEqual([scene.fake.overlaps, new Set(scene.fake.holds).size, scene.fake.claim], [[], 1, null]);
  });

  test('keeps the claim meanwhile: a second operation is told who holds the cluster', async () => {
    const scene = await Scene.make({ taskQueue: 'lost-claim' });
    const start = scene.fake.hang('startNode/n1');
    const first = await scene.worker();
    const running = first.run();
    const handle = await scene.start('deployCluster');
    await start.started;
    first.shutdown();
    await running;
    const second = await scene.worker();
    await second.runUntil(async () => {
      const rival = await scene.start('deployCluster');
      await assert.rejects(rival.result(), (error: Error & { cause?: Error }) =>
        new RegExp(`busy: deploy by ${handle.workflowId}`).test(error.cause?.message ?? ''),
      );
      assert.equal((await handle.result()).outcome, 'deployed');
    });
  });
});
