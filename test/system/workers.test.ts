/** Several workers: state directories, task queues and engines of their own. */
import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { EverbrokerError } from '../../core/failure.js';
import type { Topology } from '../../core/topology/topology.js';
import { JRE_IMAGE } from '../../images/jre-image.js';
import { startDockerDaemon } from '../support/docker-daemon.js';
import { insistOnWholeCluster } from '../support/end-state.js';
import { System, removeCluster, until } from '../support/system.js';

let system: System;
before(async () => {
  system = await System.start();
});
after(() => system.stop());

describe('two workers with state directories of their own', () => {
  let topology: Topology;
  afterEach(() => removeCluster(system.engine, topology.name));

  test('on one task queue deploy a cluster together', async () => {
    const other = await System.start({ address: system.address });
    try {
      topology = await system.topology({ groups: 2, nodesPerGroup: 1 });
      assert.equal(
        (await (await system.everbroker.deploy({ topology: { ...topology } })).result()).outcome,
        'deployed',
      );
      const cached = await Promise.all([system, other].map((worker) => hasCredentials(worker, topology)));
      assert.ok(cached.includes(true), 'the worker that made the credentials keeps a copy');
      await insistOnWholeCluster(system, topology);
    } finally {
      await other.stop();
    }
  });

  test('on a task queue for each host: each worker does what its host needs, and the credentials reach both', async () => {
    const other = await System.start({ address: system.address, taskQueue: 'the-other-host' });
    try {
      const made = await system.topology({ groups: 2, nodesPerGroup: 1 });
      const { host2 } = made.hosts;
      assert.ok(host2?.kind === 'docker');
      topology = { ...made, hosts: { ...made.hosts, host2: { ...host2, taskQueue: other.taskQueue } } };
      const deployment = await system.everbroker.deploy({ topology: { ...topology } });
      assert.equal((await deployment.result()).outcome, 'deployed');
      const { events } = await system.client.workflow.getHandle(deployment.workflowId).fetchHistory();
      const queues = (events ?? []).flatMap((event) => {
        const scheduled = event.activityTaskScheduledEventAttributes;
        return scheduled?.activityType?.name === 'configureNode' ? [scheduled.taskQueue?.name] : [];
      });
      assert.deepEqual(queues.sort(), ['everbroker', 'the-other-host']);
      await insistOnWholeCluster(system, topology);
    } finally {
      await other.stop();
    }
  });
});

test('a worker of the same task queue that reaches another engine is refused: no host moves there', async () => {
  const daemon = await startDockerDaemon({ subnet: '10.216.0.0/16', images: [JRE_IMAGE] });
  const other = await System.start({ address: system.address, engine: daemon.address });
  await other.stopWorker();
  const topology = await system.topology({ groups: 2, nodesPerGroup: 1 });
  try {
    const operation = await system.everbroker.deploy({ topology: { ...topology }, startPaused: true });
    await until('the hosts were looked at', async () => (await operation.progress()).steps.length > 0);
    await system.stopWorker();
    await other.startWorker();
    await operation.resume();
    // Which of the two guards speaks first is chance: the pin of the host's engine, or the claim that is not there.
    await assert.rejects(
      operation.result(),
      (error) => error instanceof EverbrokerError && ['EngineChanged', 'OwnershipLost'].includes(error.type),
    );
    for (const { engine } of [system, other]) {
      const hosts = (await engine.listContainers(topology.name)).filter(({ name }) => !name.includes('claim'));
      assert.deepEqual(hosts, []);
    }
  } finally {
    await other.stop();
    await system.startWorker();
    await daemon.stop();
  }
});

const hasCredentials = (worker: System, { name }: Topology): Promise<boolean> =>
  access(join(worker.home, 'credentials', `${name}.json`)).then(
    () => true,
    () => false,
  );
