/** The Docker engine ends in the middle of a deployment, and under a cluster. It is the test's own, see docker-daemon. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { AGENT_FILE } from '../../core/layout.js';
import { containerName } from '../../core/naming.js';
import type { Topology } from '../../core/topology/topology.js';
import { JRE_IMAGE } from '../../images/jre-image.js';
import { startDockerDaemon, type DockerDaemon } from '../support/docker-daemon.js';
import { insistOnWholeCluster } from '../support/end-state.js';
import { System, removeCluster, rolesOf, until } from '../support/system.js';

let daemon: DockerDaemon;
let system: System;
let topology: Topology;
before(async () => {
  daemon = await startDockerDaemon({ subnet: '10.215.0.0/16', images: [JRE_IMAGE] });
  system = await System.start({ engine: daemon.address });
  topology = await withinDaemon();
});
after(async () => {
  await system?.stop();
  await daemon?.stop();
});

/** The daemon's networks must lie in its own range. */
async function withinDaemon(): Promise<Topology> {
  const made = await system.topology();
  const text = JSON.stringify(made.hosts).replace(/10\.\d+\.\d+\.(\d+)/g, '10.215.7.$1');
  return { ...made, hosts: JSON.parse(text) as Topology['hosts'] };
}

const inHost = (script: string): Promise<string> => system.sh(topology, 'host1', script).catch(() => '');
const hasStarted = async (node: string): Promise<boolean> =>
  Number(await inHost(`cat /var/lib/everbroker/nodes/${node}/starts`)) > 0;

describe('a deployment in whose middle the engine', () => {
  afterEach(() => removeCluster(system.engine, topology.name));

  for (const [how, signal] of Object.entries({ crashes: 'SIGKILL', 'is restarted': 'SIGTERM' } as const)) {
    test(`${how} completes once it is back`, async () => {
      const deployment = await system.everbroker.deploy({ topology: { ...topology } });
      await until('mq1 was started', () => hasStarted('mq1'), 120_000);
      await daemon.restart(signal);
      const result = await deployment.result();
      assert.equal(result.outcome, 'deployed');
      assert.ok(result.checks.length > 0 && result.checks.every((check) => check.ok), JSON.stringify(result.checks));
      await insistOnWholeCluster(system, topology);
    });
  }
});

describe('a cluster comes back without Everbroker', () => {
  before(async () => {
    await (await system.everbroker.deploy({ topology: { ...topology } })).result();
    await system.stopWorker();
  });
  afterEach(() => system.stopWorker());

  const serves = async (): Promise<void> => {
    await until(
      'both nodes run again',
      async () =>
        (await inHost(`sh ${AGENT_FILE} await mq1 60 && sh ${AGENT_FILE} await mq2 60 && echo both`)).includes('both'),
      180_000,
    );
    await system.startWorker();
    await until('one master, one slave', async () => {
      const { nodes } = await (await system.everbroker.status({ cluster: topology.name })).result();
      return Object.values(rolesOf(nodes)).sort().join() === 'master,slave';
    });
    await insistOnWholeCluster(system, topology);
  };

  for (const [how, signal] of Object.entries({ crashed: 'SIGKILL', 'was restarted': 'SIGTERM' } as const)) {
    test(`when the engine ${how}`, async () => {
      await daemon.restart(signal);
      await serves();
    });
  }

  test('when its container was killed by the engine and started', async () => {
    const { id } = (await system.engine.container(containerName(topology, 'host1'))) ?? { id: '' };
    await system.engine.killContainer(id);
    await system.engine.startContainer(id);
    await serves();
  });

  test('when the JVM of its master is killed: that node is a slave then', async () => {
    const before = await inHost(`cat /var/lib/everbroker/nodes/*/starts`);
    await system.startWorker();
    const { nodes } = await (await system.everbroker.status({ cluster: topology.name })).result();
    const master = Object.entries(rolesOf(nodes)).find(([, role]) => role === 'master')?.[0] ?? '';
    await system.stopWorker();
    await inHost(`sh ${AGENT_FILE} kill ${master}`);
    await until(
      'it was started again',
      async () => (await inHost(`cat /var/lib/everbroker/nodes/*/starts`)) !== before,
    );
    await serves();
    const after = await (await system.everbroker.status({ cluster: topology.name })).result();
    assert.equal(rolesOf(after.nodes)[master], 'slave');
  });
});
