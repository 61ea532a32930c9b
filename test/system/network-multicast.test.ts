/** The shipped network-multicast: found by announcement, a bridge for each direction, through the failover of either side. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Topology } from '../../core/topology/topology.js';
import { clusterText } from '../support/cluster-text.js';
import { faultsOf, killMaster, withJava } from '../support/network.js';
import { shippedCopy } from '../support/shipped.js';
import { System, failedChecks, rolesOf } from '../support/system.js';

let system: System;
let topology: Topology;
before(async () => {
  system = await System.start();
  topology = withJava(await shippedCopy('network-multicast'));
  system.owns(topology.name);
});
after(() => system.stop());

test('is deployed and proven in both directions, each by a bridge of its own', async () => {
  const result = await (await system.everbroker.deploy({ topology: { ...topology } })).result();
  assert.equal(result.outcome, 'deployed');
  assert.deepEqual(rolesOf(result.nodes), { mq1: 'master', mq2: 'slave', mq3: 'master', mq4: 'slave' });
  assert.deepEqual(failedChecks(result.checks), []);
  const routes = result.checks.map(({ name }) => name).filter((name) => name.includes('→'));
  assert.deepEqual(routes, ['bridge toB: brokerA → brokerB', 'bridge toA: brokerB → brokerA']);
});

for (const group of ['brokerA', 'brokerB']) {
  test(`finds the new master when that of ${group} is killed, and is proven again`, async () => {
    await killMaster(system, topology, group);
    assert.deepEqual(await faultsOf(system, topology), []);
  });
}

test('is left alone by a second deployment', async () => {
  const text = await clusterText(system, topology);
  const result = await (await system.everbroker.deploy({ topology: { ...topology } })).result();
  assert.equal(result.outcome, 'unchanged');
  assert.equal(await clusterText(system, topology), text);
});

test('is destroyed with nothing left behind', async () => {
  const { name } = topology;
  const result = await (
    await system.everbroker.destroy({ topology: { ...topology }, deleteData: true, confirm: name })
  ).result();
  assert.deepEqual(result.kept, []);
  assert.deepEqual(await system.engine.listContainers(name), []);
  assert.deepEqual(await system.engine.listNetworks(name), []);
  assert.deepEqual(await system.engine.listVolumes(name), []);
});
