/** One writer per cluster, on real hosts: what the workflow's name guards, and what only the claim on the engine can. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { OperationHandle } from '../../client/everbroker.js';
import type { DeployOutput } from '../../core/contract.js';
import { EverbrokerError, type FailureType } from '../../core/failure.js';
import { holderWorkflowId } from '../../core/naming.js';
import type { Topology } from '../../core/topology/topology.js';
import { ownedBy } from '../../hosts/owned-host.js';
import { insistOnWholeCluster, starts } from '../support/end-state.js';
import { System, removeCluster, until } from '../support/system.js';

let system: System;
let topology: Topology;
before(async () => {
  system = await System.start();
  topology = await system.topology();
});
after(() => system.stop());
afterEach(() => removeCluster(system.engine, topology.name));

const deployOn = (on: System, workflowId?: string): Promise<OperationHandle<DeployOutput>> =>
  on.everbroker.deploy({ topology: { ...topology } }, workflowId === undefined ? {} : { workflowId });

const failsWith = (type: FailureType, text: RegExp) => (error: unknown) => {
  assert.ok(error instanceof EverbrokerError, String(error));
  assert.equal(error.type, type, error.message);
  assert.match(error.message, text);
  return true;
};

const hasStarted = (node: string): Promise<boolean> =>
  system.sh(topology, 'host1', `cat /var/lib/everbroker/nodes/${node}/starts`).then(
    (text) => Number(text) > 0,
    () => false,
  );

describe('while a deployment runs', () => {
  test('another one is refused, whatever its id, and says who is at work', async () => {
    const first = await deployOn(system, 'the-first');
    await until('mq1 was started', () => hasStarted('mq1'));
    await assert.rejects((await deployOn(system)).result(), failsWith('ClusterBusy', /deploy by the-first since /));
    const otherId = await deployOn(system, `any/${topology.name} id`);
    await assert.rejects(otherId.result(), failsWith('ClusterBusy', /deploy by the-first since /));
    assert.equal((await first.result()).outcome, 'deployed');
    await insistOnWholeCluster(system, topology);
  });

  test('and is terminated, the next waits for its claim to lapse, takes over, and late commands are refused', async () => {
    const first = await deployOn(system);
    await until('mq1 was started', () => hasStarted('mq1'));
    const { runId: token } = await system.client.workflow.getHandle(holderWorkflowId(topology.name)).describe();
    await system.client.workflow.getHandle(first.workflowId).terminate();
    const second = await deployOn(system);
    assert.equal((await second.result()).outcome, 'deployed');
    const late = ownedBy(system.host(topology, 'host1'), token);
    await assert.rejects(late.exec(['true'], { timeoutMs: 10_000 }), failsWith('OwnershipLost', /another operation/));
    assert.deepEqual(await starts(system, topology), { mq1: 1, mq2: 1 });
    await insistOnWholeCluster(system, topology);
  });

  test('and is reset, its new run claims the cluster anew and completes it', async () => {
    const first = await deployOn(system);
    await until('mq1 was started', () => hasStarted('mq1'));
    const handle = system.client.workflow.getHandle(first.workflowId);
    const { events } = await handle.fetchHistory();
    const completed = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
    const { runId } = await system.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: first.workflowId },
      workflowTaskFinishEventId: completed.at(-1)?.eventId ?? null,
      reason: 'test',
      requestId: `reset-${topology.name}`,
    });
    const again = system.client.workflow.getHandle<() => Promise<DeployOutput>>(first.workflowId, runId);
    assert.equal((await again.result()).outcome, 'deployed');
    assert.deepEqual(await starts(system, topology), { mq1: 1, mq2: 1 });
    await insistOnWholeCluster(system, topology);
  });
});

describe('two Temporal servers on one engine', () => {
  test('keep out of each other’s way while the first lives; when it has died the second takes over', async () => {
    const other = await System.start();
    try {
      const first = await deployOn(other, 'on-the-other-server');
      await until('mq1 was started', () => hasStarted('mq1'));
      // It must not come to its end while the second is refused: the second is to have something left to do.
      await first.pause();
      const busy = await deployOn(system);
      await assert.rejects(
        busy.result(),
        failsWith('ClusterBusy', /deploy by on-the-other-server, started through another/),
      );
      const running = await other.client.workflow.getHandle(first.workflowId).describe();
      assert.equal(
        running.status.name,
        'RUNNING',
        'the first was not disturbed, and the second was refused while it ran',
      );

      await other.killWorker();
      await other.killServer();
      assert.equal((await (await deployOn(system)).result()).outcome, 'deployed');
      await insistOnWholeCluster(system, topology);
    } finally {
      await other.stop();
    }
  });
});
