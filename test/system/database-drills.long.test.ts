/** Faults between brokers and the database that they store in, on PostgreSQL; the restart of MariaDB is among the shipped scenarios. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Topology } from '../../core/topology/topology.js';
import { GROUP, databaseCluster } from '../support/database-cluster.js';
import { testDeaths } from '../support/drill-deaths.js';
import { assertPassed, runDrill, shortScenario } from '../support/real-drills.js';
import { System } from '../support/system.js';

let system: System;
let topology: Topology;
before(async () => {
  system = await System.start({ durable: true });
  topology = await databaseCluster(system, 'postgresql', { watchdog: { enabled: true } });
  await (await system.everbroker.deploy({ topology: { ...topology } })).result();
});
after(() => system.stop());

const holdSeconds = 8;
const restart = shortScenario({ target: { role: 'database' }, fault: { kind: 'restart-database', holdSeconds } });
const partition = shortScenario({
  target: { role: 'master', group: GROUP },
  fault: { kind: 'partition', between: 'node-and-store', holdSeconds },
});

const on = () => ({ system, topology });

describe('the restart of a database', () => {
  testDeaths({ on, scenario: restart, holdSeconds, judged: assertPassed });
});

describe('a master that is cut off from its database', () => {
  test('gives its port up before another one serves', async () => {
    const record = await runDrill(system, topology, partition);
    assertPassed(record);
    // 0 would be: the one that was cut off has served all the time.
    assert.ok((record.injections[0]?.brokerRtoSeconds ?? 0) > 0, JSON.stringify(record.injections));
  });
  testDeaths({ on, scenario: partition, holdSeconds, judged: assertPassed });
});
