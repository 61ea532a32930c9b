import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeBridges } from '../../../core/health/bridges.js';
import { nodeResults } from '../../../core/health/results.js';
import { judgeGroup } from '../../../core/health/roles.js';
import { complete, roleCheckNames, verifyCheckNames } from '../../../core/health/verdict.js';
import { groupNames } from '../../../core/topology/topology.js';
import { wellLooks } from '../../support/readings.js';
import { aParsedTopology } from '../../support/topologies.js';

const topology = aParsedTopology({ groups: 2, hosts: 2 });

test('a verifier that looks at nothing fails in everything that it should have looked at', () => {
  const checks = complete([], verifyCheckNames(topology, { messages: true }));
  // 2 groups, 4 nodes, 1 bridge, 2 groups without others, 2 hosts, 2 directions, 2 logins
  assert.equal(checks.length, 15);
  assert.ok(checks.every((check) => !check.ok && check.fault === 'NotChecked'));
});

test('one check that is missing is enough', () => {
  const looks = wellLooks(topology);
  const all = [
    ...groupNames(topology).flatMap((group) => judgeGroup(topology, group, looks).checks),
    ...judgeBridges(topology, looks.readings),
  ];
  const names = roleCheckNames(topology);
  assert.ok(complete(all, names).every((check) => check.ok));
  for (const skipped of all) {
    const failed = complete(
      all.filter((check) => check !== skipped),
      names,
    ).filter((check) => !check.ok);
    assert.deepEqual(
      failed.map((check) => check.name),
      [skipped.name],
    );
  }
});

test('a node that nobody could look at is in the table, as unknown', () => {
  const [first] = wellLooks(topology).readings;
  const roles = nodeResults(topology, [first!]).map(({ node, role }) => [node, role]);
  assert.deepEqual(roles, [
    ['n1', 'master'],
    ['n2', 'unknown'],
    ['n3', 'unknown'],
    ['n4', 'unknown'],
  ]);
});
