/** Faults of a store that nodes share: its disk is full, its lock file is another one. What brokers then do is told. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LABEL_CLUSTER, LABEL_GROUP, LABEL_ROLE, storeVolume } from '../../core/naming.js';
import type { DrillRecord } from '../../core/drills/record.js';
import { holdOf } from '../../core/drills/faults.js';
import type { Topology } from '../../core/topology/topology.js';
import { dockerClient } from '../../hosts/docker-client.js';
import { testDeaths } from '../support/drill-deaths.js';
import { assertPassed, assertRefused, runDrill, shortScenario, startDrill } from '../support/real-drills.js';
import { Victim } from '../support/sabotage.js';
import { System, failedChecks } from '../support/system.js';

let system: System;
let topology: Topology;
before(async () => {
  system = await System.start({ durable: true });
  topology = await system.topology({ groups: 2, nodesPerGroup: 2 });
  await makeSmallStore('brokerA');
  await deploy();
});
after(() => system.stop());

/** As an operator gives a group a small file system of its own: the volume is there already, under its name and labels. */
async function makeSmallStore(group: string): Promise<void> {
  const { name } = topology;
  await dockerClient().docker.createVolume({
    Name: storeVolume(name, group),
    Driver: 'local',
    DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=128m' },
    Labels: { [LABEL_CLUSTER]: name, [LABEL_GROUP]: group, [LABEL_ROLE]: 'store' },
  });
}

const masterOf = (group: string) => ({ role: 'master', group }) as const;
const diskFull = { kind: 'disk-full', holdSeconds: 6 } as const;
const replaceLock = { kind: 'replace-lock' } as const;
const on = () => ({ system, topology });

const deploy = async (): Promise<unknown> => (await system.everbroker.deploy({ topology: { ...topology } })).result();

const verified = async (): Promise<void> => {
  const { checks } = await (await system.everbroker.verify({ topology: { ...topology } })).result();
  assert.deepEqual(failedChecks(checks), []);
};

/** Who was master of the group in some sample. */
const mastersIn = ({ samples }: DrillRecord, nodes: readonly string[]): string[] =>
  nodes.filter((node) => samples.some(({ roles }) => roles[node] === 'master'));

describe('a full disk', () => {
  test('is refused to a store on a file system that others use, before any message flows', async () => {
    const drill = await startDrill(system, topology, shortScenario({ target: masterOf('brokerB'), fault: diskFull }));
    await assertRefused(drill, /host2: the (store|file system) of mq\d/);
  });

  test('stops every broker that writes, so clients wait until it is empty, which the drill tells; nothing is lost', async () => {
    const expect = { producerRtoSeconds: diskFull.holdSeconds / 2 };
    const record = await runDrill(
      system,
      topology,
      shortScenario({ target: masterOf('brokerA'), fault: diskFull, expect }),
    );
    assert.equal(record.verdict, 'failed', record.reason);
    assert.match(record.reason, /^producerRtoSeconds: /);
    assert.equal(record.healed, true);
    assert.equal(record.ledger?.total.lost, 0);
    assert.deepEqual(mastersIn(record, ['mq1', 'mq2']), ['mq1', 'mq2'], 'the slave took over, which is no help');
    await verified();
  });

  testDeaths({ on, scenario: shortScenario({ target: masterOf('brokerA'), fault: diskFull }), ...diskFull });
});

describe('a lock file that is replaced', () => {
  const scenario = shortScenario({ target: masterOf('brokerA'), fault: replaceLock });

  test('is noticed by the master, which gives up; the other one serves, and nothing is lost', async () => {
    // Until it looks at its lock the next time, for part of a second, both may serve: the record tells that too.
    const record = await runDrill(system, topology, { ...scenario, expect: { oneMaster: false } });
    assertPassed(record);
    assert.equal(record.injections[0]?.healedBy, 'by itself');
    assert.deepEqual(mastersIn(record, ['mq1', 'mq2']), ['mq1', 'mq2']);
    await verified();
  });

  testDeaths({ on, scenario, holdSeconds: holdOf(replaceLock) });

  test('where nobody looks at it, as ActiveMQ comes, makes two masters: split brain, which the drill ends and tells', async () => {
    const victim = new Victim(system, topology, 'brokerB');
    await victim.edit('activemq.xml', 's/lockKeepAlivePeriod="[0-9]*"/lockKeepAlivePeriod="0"/');
    await victim.restart();
    await system.untilStatus(topology.name, ({ healthy }) => healthy);
    const record = await runDrill(system, topology, shortScenario({ target: masterOf('brokerB'), fault: replaceLock }));
    assert.equal(record.verdict, 'failed', record.reason);
    assert.match(record.reason, /split brain: mq3 and mq4 were both master of brokerB/);
    assert.equal(record.healed, true);
    assert.equal(record.injections[0]?.healedBy, 'drill');
    await deploy();
    await verified();
  });
});
