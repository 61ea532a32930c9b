/** What a deployment survives, each kind once; the worker in every phase is in durability.long.test.ts. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { OperationHandle } from '../../client/everbroker.js';
import type { DeployOutput } from '../../core/contract.js';
import { EverbrokerError } from '../../core/failure.js';
import { AGENT_FILE } from '../../core/layout.js';
import { containerName, verifyQueue } from '../../core/naming.js';
import type { ProbeTask } from '../../core/probe-request.js';
import type { Topology } from '../../core/topology/topology.js';
import { insistOnWholeCluster, starts } from '../support/end-state.js';
import { TASK_MS, groupUrl, probeFrom } from '../support/probing.js';
import { System, removeCluster, rolesOf, until } from '../support/system.js';

let system: System;
let topology: Topology;
before(async () => {
  system = await System.start({ durable: true });
  topology = await system.topology();
});
after(() => system.stop());

const deploy = (): Promise<OperationHandle<DeployOutput>> =>
  system.everbroker.deploy({ topology: { ...topology }, rollback: false });

/** Polls the host, not the worker: that may be dead. */
const started = (node: string): Promise<void> =>
  until(`${node} was started`, () =>
    system
      .sh(topology, 'host1', `cat /var/lib/everbroker/nodes/${node}/starts`)
      .then((text) => Number(text) > 0)
      .catch(() => false),
  );

describe('a deployment', () => {
  afterEach(() => removeCluster(system.engine, topology.name));

  test('goes on with another worker and after a crash of the Temporal server, and starts nothing twice', async () => {
    const deployment = await deploy();
    await started('mq1');
    await system.killWorker();
    await system.killServer();
    await system.startServer();
    await system.startWorker();
    const result = await resultOf(deployment);
    assert.equal(result.outcome, 'deployed');
    assert.deepEqual(await starts(system, topology), { mq1: 1, mq2: 1 });
    await insistOnWholeCluster(system, topology);
  });

  test('makes a container again that was removed behind its back, and proves what it made', async () => {
    const deployment = await deploy();
    await started('mq1');
    const container = await system.engine.container(containerName(topology, 'host1'));
    await system.engine.removeContainer(container?.id ?? '', { force: true });
    const result = await deployment.result();
    assert.equal(result.outcome, 'deployed');
    assert.ok(result.checks.length > 0 && result.checks.every((check) => check.ok), JSON.stringify(result.checks));
    await insistOnWholeCluster(system, topology);
  });

  test('that is cancelled ends cancelled, gives the cluster back, and is completed by the next', async () => {
    const deployment = await deploy();
    await started('mq1');
    await deployment.cancel();
    await assert.rejects(deployment.result(), (error) => error instanceof EverbrokerError && error.type === 'Aborted');
    const { status } = await system.client.workflow.getHandle(deployment.workflowId).describe();
    assert.equal(status.name, 'CANCELLED');
    assert.equal((await (await deploy()).result()).outcome, 'deployed');
    await insistOnWholeCluster(system, topology);
  });

  test('that is cancelled with rollback leaves nothing that it has made', async () => {
    const deployment = await system.everbroker.deploy({ topology: { ...topology }, rollback: true });
    await started('mq1');
    await deployment.cancel();
    await assert.rejects(deployment.result(), (error) => error instanceof EverbrokerError && error.type === 'Aborted');
    assert.deepEqual(await system.engine.listContainers(topology.name), []);
    assert.deepEqual(await system.engine.listNetworks(topology.name), []);
    assert.deepEqual(await system.engine.listVolumes(topology.name), []);
  });
});

describe('a cluster', () => {
  const queue = verifyQueue('durability');
  after(() => removeCluster(system.engine, topology.name));

  test('comes back by itself when its container is stopped and started, with the desired nodes and no worker', async () => {
    await (await deploy()).result();
    await system.stopWorker();
    const { id } = (await system.engine.container(containerName(topology, 'host1'))) ?? { id: '' };
    await system.engine.stopContainer(id, { seconds: 30 });
    await system.engine.startContainer(id);
    await system
      .sh(topology, 'host1', `sh ${AGENT_FILE} await mq1 120 && sh ${AGENT_FILE} await mq2 120`)
      .catch(() => '');
    await system.startWorker();
    await until('one master, one slave', async () => {
      const { nodes } = await (await system.everbroker.status({ cluster: topology.name })).result();
      return Object.values(rolesOf(nodes)).sort().join() === 'master,slave';
    });
    await insistOnWholeCluster(system, topology);
  });

  test('keeps acknowledged messages when its container is removed: deploy brings it back with them', async () => {
    const probe = (task: ProbeTask) => probeFrom(system, { topology, host: 'host1' }, task);
    const url = groupUrl(topology, 'brokerA');
    const produced = await probe({ task: 'produce', name: 'before', queue, from: url, count: 50, timeoutMs: TASK_MS });
    assert.equal(produced.outcome, 'complete', JSON.stringify(produced));
    const container = await system.engine.container(containerName(topology, 'host1'));
    await system.engine.removeContainer(container?.id ?? '', { force: true });

    assert.equal((await (await deploy()).result()).outcome, 'deployed');
    const drained = await probe({ task: 'drain', name: 'after', queue, to: url, timeoutMs: TASK_MS, cleanup: true });
    assert.equal('received' in drained ? drained.received : 0, 50, JSON.stringify(drained));
    await insistOnWholeCluster(system, topology);
  });
});

/** The client gives a lost connection up sooner than a server comes back. */
async function resultOf(deployment: OperationHandle<DeployOutput>): Promise<DeployOutput> {
  await until('the server answers again', () =>
    deployment.progress().then(
      () => true,
      () => false,
    ),
  );
  return deployment.result();
}
