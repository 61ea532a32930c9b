/** A running cluster whose topology changes: what is restarted, in which order, and what stays. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { StepProgress } from '../../core/progress.js';
import type { Topology } from '../../core/topology/topology.js';
import { freePort } from '../support/free-port.js';
import { System, failedChecks, rolesOf } from '../support/system.js';

let system: System;
before(async () => {
  system = await System.start();
});
after(() => system.stop());

describe('a cluster whose topology changes', () => {
  let topology: Topology;

  /** Deploys the topology with a change; what it did, in the order in which it began. */
  async function deploy(
    change: (topology: Topology) => void,
  ): Promise<{ ids: string[]; roles: Record<string, string> }> {
    topology = structuredClone(topology);
    change(topology);
    const operation = await system.everbroker.deploy({ topology: { ...topology } });
    const result = await operation.result();
    assert.deepEqual(failedChecks(result.checks), []);
    const { steps } = await operation.progress();
    const began = (step: StepProgress): number => step.startedAt ?? 0;
    const ids = steps.toSorted((a, b) => began(a) - began(b)).map((step) => step.id);
    return { ids, roles: rolesOf(result.nodes) };
  }

  const ofNodes = (ids: string[]): string[] => ids.filter((id) => /^(stop|start|remove)Node\//.test(id));
  const SLAVE_THEN_MASTER = ['stopNode/mq2', 'startNode/mq2', 'stopNode/mq1', 'startNode/mq1'];

  test('restarts the slave first and the master last when a limit changes', async () => {
    topology = await system.topology({ groups: 2, oneHost: true }, { activemq: { version: '5.15.16' } });
    await (await system.everbroker.deploy({ topology: { ...topology } })).result();
    const { ids, roles } = await deploy((changed) => (changed.limits.heap.maxMb = 200));
    assert.deepEqual(
      ofNodes(ids).filter((id) => /mq[12]$/.test(id)),
      SLAVE_THEN_MASTER,
    );
    assert.deepEqual(roles, { mq1: 'slave', mq2: 'master', mq3: 'slave', mq4: 'master' });
  });

  test('restarts the nodes of no other group', async () => {
    const { ids } = await deploy((changed) => {
      const store = changed.groups['brokerB']?.store;
      if (store?.kind === 'kahadb') store.lockPollMs = 500;
    });
    assert.deepEqual(ofNodes(ids), ['stopNode/mq3', 'startNode/mq3', 'stopNode/mq4', 'startNode/mq4']);
  });

  test('upgrades ActiveMQ node by node', async () => {
    const { ids } = await deploy((changed) => (changed.activemq.version = '5.18.3'));
    assert.ok(ids.includes('installActiveMQ/host1'));
    assert.equal(ofNodes(ids).length, 8);
    assert.equal(
      (
        await system.sh(
          topology,
          'host1',
          "cat /proc/[0-9]*/cmdline | tr '\\000' '\\n' | grep -c 'activemq.home=.*-5.18.3$'",
        )
      ).trim(),
      '4',
    );
    const again = await (await system.everbroker.deploy({ topology: { ...topology } })).result();
    assert.equal(again.outcome, 'unchanged');
  });

  test('keeps the stores when a port changes, a node comes and another goes, and is then left alone', async () => {
    const journals = `stat -c '%n %i' ${['mq1', 'mq3'].map((node) => `/usr/local/mqcluster/${node}/data/kahadb/db-1.log`).join(' ')}`;
    const before = await system.sh(topology, 'host1', journals);
    const [openwire, console, other] = [await freePort(), await freePort(), await freePort()];
    const { roles } = await deploy((changed) => {
      const a = changed.groups['brokerA'];
      const b = changed.groups['brokerB'];
      assert.ok(a?.nodes['mq1'] && b?.nodes['mq4']);
      a.nodes['mq1'].openwire = other;
      a.nodes['mq5'] = { host: 'host1', openwire, console };
      delete b.nodes['mq4'];
    });
    assert.deepEqual(roles, { mq1: 'master', mq2: 'slave', mq5: 'slave', mq3: 'master' });
    assert.equal(await system.sh(topology, 'host1', journals), before);
    assert.equal(await system.sh(topology, 'host1', 'ls /var/lib/everbroker/nodes'), 'mq1\nmq2\nmq3\nmq5\n');
    const again = await (await system.everbroker.deploy({ topology: { ...topology } })).result();
    assert.equal(again.outcome, 'unchanged');
  });
});
