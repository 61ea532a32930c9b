/** The drill that passes with the watchdog, on a cluster without one: it must fail by the name of what is missing. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Topology } from '../../core/topology/topology.js';
import { FREEZE, runDrill } from '../support/real-drills.js';
import { System } from '../support/system.js';

let system: System;
let topology: Topology;
before(async () => {
  system = await System.start();
  topology = await system.topology({ groups: 2, nodesPerGroup: 2 }, { watchdog: { enabled: false } });
  await (await system.everbroker.deploy({ topology: { ...topology } })).result();
});
after(() => system.stop());

describe('SIGSTOP of a master that no watchdog asks', () => {
  test('fails the drill: the lock stays taken for as long as the fault is held', async () => {
    const record = await runDrill(system, topology, FREEZE);
    assert.equal(record.verdict, 'failed', record.reason);
    const rto = record.hypotheses.find(({ name }) => /broker/i.test(name) && /RTO/i.test(name));
    assert.equal(rto?.held, false, JSON.stringify(record.hypotheses));
    assert.equal(record.ledger?.total.lost, 0);
    assert.equal(record.healed, true);
  });
});
