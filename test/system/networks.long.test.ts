/** Networks of more than two groups: messages of every group reach every other, once, and no broker keeps the proof's queues. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Topology } from '../../core/topology/topology.js';
import { joints, faultsOf } from '../support/network.js';
import { Victim } from '../support/sabotage.js';
import { System, failedChecks } from '../support/system.js';

let system: System;
let topology: Topology;
before(async () => {
  system = await System.start();
  topology = await system.topology({ groups: 4, nodesPerGroup: 1, oneHost: true }, { bridges: joints('AB BC CD DA') });
});
after(() => system.stop());

const deploy = async (wanted: Topology) => (await system.everbroker.deploy({ topology: { ...wanted } })).result();
const withJoints = (pairs: string): Topology => ({
  ...topology,
  bridges: joints(pairs).map(({ name, from, to }) => ({ ...topology.bridges[0]!, name, from, to })),
});

/** Names of queues of the probe at every broker. */
const queuesLeft = async (): Promise<string[]> =>
  (
    await Promise.all(Object.keys(topology.groups).map((group) => new Victim(system, topology, group).probeQueues()))
  ).flat();

for (const { what, pairs, far } of [
  { what: 'a ring of four groups', pairs: 'AB BC CD DA', far: 4 },
  { what: 'a hub of three around one', pairs: 'AB AC AD', far: 6 },
  { what: 'a mesh of four', pairs: 'AB AC AD BC BD CD', far: 0 },
]) {
  describe(what, () => {
    test('is deployed and proven from every group to every other', async () => {
      topology = withJoints(pairs);
      const result = await deploy(topology);
      assert.equal(result.outcome, 'deployed');
      assert.deepEqual(failedChecks(result.checks), []);
      const names = result.checks.map(({ name }) => name);
      const near = names.filter((name) => /^bridge .*→/.test(name)).length;
      assert.equal(near, 2 * topology.bridges.length);
      assert.equal(names.filter((name) => name.endsWith('over 2 bridges')).length, far);
    });

    test('is verified without a queue of the probe left at any broker', async () => {
      assert.deepEqual(await faultsOf(system, topology), []);
      assert.deepEqual(await queuesLeft(), []);
    });
  });
}
