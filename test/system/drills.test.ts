/** Drills on a real cluster, under real messages: what passes, what fails, and what is measured. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Topology } from '../../core/topology/topology.js';
import {
  FREEZE,
  assertPassed,
  assertPassedInItsTime,
  assertRefused,
  recordOf,
  runDrill,
  shortScenario,
  startDrill,
} from '../support/real-drills.js';
import { System, failedChecks } from '../support/system.js';

let system: System;
let topology: Topology;
before(async () => {
  system = await System.start();
  topology = await system.topology(
    { groups: 2, nodesPerGroup: 2 },
    { watchdog: { enabled: true, unresponsiveSeconds: 5 } },
  );
  await (await system.everbroker.deploy({ topology: { ...topology } })).result();
});
after(() => system.stop());

describe('kill -9 of the master under load', () => {
  test('loses nothing that was acknowledged, and tells how long nobody served', async () => {
    const record = await runDrill(system, topology, 'kill-master');
    assertPassedInItsTime(record);
    const { total } = record.ledger ?? assert.fail('no ledger');
    assert.ok(total.acknowledged > 100, `${total.acknowledged} acknowledged`);
    assert.equal(total.lost, 0);
    assert.equal(total.stuck, 0);
    assert.ok(total.delivered >= total.acknowledged);
    const [injection] = record.injections;
    assert.ok((injection?.brokerRtoSeconds ?? 0) > 0, JSON.stringify(injection));
    const masters = new Set(
      record.samples.flatMap(({ roles }) =>
        Object.entries(roles)
          .filter(([, role]) => role === 'master')
          .map(([node]) => node),
      ),
    );
    assert.ok(masters.has('mq1') && masters.has('mq2'), [...masters].join());
  });

  test('leaves the cluster as it was: verified, no load, no files', async () => {
    const verified = await (await system.everbroker.verify({ topology: { ...topology } })).result();
    assert.deepEqual(failedChecks(verified.checks), []);
    for (const host of ['host1', 'host2'])
      assert.equal(
        (
          await system.sh(
            topology,
            host,
            'ls -d /var/lib/everbroker/drills/* /var/lib/everbroker/faults/*/armed 2>/dev/null || true',
          )
        ).trim(),
        '',
      );
  });
});

describe('SIGSTOP of the master', () => {
  test('passes with the watchdog, which kills the frozen master so that a slave takes over', async () => {
    const record = await runDrill(system, topology, FREEZE);
    assertPassed(record);
    assert.ok(record.samples.some(({ roles }) => Object.values(roles).includes('frozen')));
  });
});

describe('packets that are to be late', () => {
  const late = shortScenario({
    target: { role: 'host-of-master', group: 'brokerA' },
    fault: { kind: 'packets', delayMs: 200, holdSeconds: 3 },
    guards: { standby: false },
  });

  test('are so where the kernel can, as the sends show; where it cannot, the drill is refused before it begins', async () => {
    const drill = await startDrill(system, topology, late);
    const record = await recordOf(drill).catch(() => null);
    if (record === null) {
      await assertRefused(drill, /host1: the kernel of its engine delays no packets/);
      return;
    }
    assertPassed(record);
    assert.ok((record.ledger?.flows[0]?.sendMs?.max ?? 0) >= 200, JSON.stringify(record.ledger?.flows[0]?.sendMs));
  });
});

describe('a drill that finds no steady state', () => {
  test('is inconclusive, and never passed', async () => {
    const scenario = shortScenario({ target: { role: 'master' }, fault: { kind: 'kill' } });
    await system.sh(topology, 'host1', 'sh /var/lib/everbroker/agent.sh down mq2');
    const record = await runDrill(system, topology, scenario);
    await system.sh(topology, 'host1', 'sh /var/lib/everbroker/agent.sh up mq2');
    assert.equal(record.verdict, 'inconclusive');
    assert.match(record.reason, /no steady state/);
    assert.deepEqual(record.injections, []);
  });
});
