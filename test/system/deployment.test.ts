import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AGENT_FILE } from '../../core/layout.js';
import type { Topology } from '../../core/topology/topology.js';
import { System, until } from '../support/system.js';

let system: System;
before(async () => {
  system = await System.start();
});
after(() => system.stop());

describe('a cluster of two groups joined by a bridge', () => {
  let topology: Topology;
  const roles = (nodes: readonly { node: string; role: string }[]): Record<string, string> =>
    Object.fromEntries(nodes.map(({ node, role }) => [node, role]));

  test('is deployed from nothing and proven by messages in both directions', async () => {
    topology = await system.topology({ groups: 2, nodesPerGroup: 2 });
    const result = await (await system.everbroker.deploy({ topology: { ...topology } })).result();
    assert.equal(result.outcome, 'deployed');
    assert.deepEqual(roles(result.nodes), { mq1: 'master', mq2: 'slave', mq3: 'master', mq4: 'slave' });
    const crossed = result.checks.filter((check) => check.name.startsWith('bridge') && check.name.includes('→'));
    assert.equal(crossed.length, 2);
    assert.ok(
      result.checks.every((check) => check.ok),
      JSON.stringify(result.checks),
    );
  });

  test('is left alone by a second deployment', async () => {
    const starts = await system.sh(topology, 'host1', 'cat /var/lib/everbroker/nodes/*/starts');
    const result = await (await system.everbroker.deploy({ topology: { ...topology } })).result();
    assert.equal(result.outcome, 'unchanged');
    assert.equal(result.steps.run, 0);
    assert.equal(await system.sh(topology, 'host1', 'cat /var/lib/everbroker/nodes/*/starts'), starts);
  });

  test('is deployed by an operation that leaves no activity behind, so that the UI shows nothing at work', async () => {
    const operation = await system.everbroker.deploy({ topology: { ...topology } });
    await operation.result();
    const { raw } = await system.client.workflow.getHandle(operation.workflowId).describe();
    assert.deepEqual(raw.pendingActivities?.map(({ activityType }) => activityType?.name) ?? [], []);
  });

  test('is found again by its name alone, and passes verification', async () => {
    const result = await (await system.everbroker.verify({ cluster: topology.name })).result();
    assert.equal(result.verdict, 'passed', JSON.stringify(result.checks.filter((check) => !check.ok)));
    assert.deepEqual(await queuesLeft(), []);
  });

  test('fails over when its master is killed, and has it back as a slave', async () => {
    await system.sh(topology, 'host1', `sh ${AGENT_FILE} kill mq1`);
    await until('mq2 serves and mq1 waits', async () => {
      const status = await (await system.everbroker.status({ cluster: topology.name })).result();
      const now = roles(status.nodes);
      return now.mq2 === 'master' && now.mq1 === 'slave';
    });
    const result = await (await system.everbroker.verify({ cluster: topology.name })).result();
    assert.equal(result.verdict, 'passed', JSON.stringify(result.checks.filter((check) => !check.ok)));
  });

  async function queuesLeft(): Promise<string[]> {
    const { console: login } = await system.credentials(topology.name);
    const port = Object.values(topology.groups).map((group) => Object.values(group.nodes)[0]?.console)[0];
    const url = `http://127.0.0.1:${port}/api/jolokia/search/org.apache.activemq:type=Broker,brokerName=*,destinationType=Queue,destinationName=EVERBROKER.*`;
    const authorization = `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
    const answer = await fetch(url, { headers: { authorization, origin: 'http://localhost' } });
    const { value } = (await answer.json()) as { value: string[] };
    return value;
  }
});
