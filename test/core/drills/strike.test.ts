import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import type { Strike } from '../../../core/drills/blow.js';
import { aimsOf, awayFrom, blowsToExpect, strikeOf } from '../../../core/drills/strike.js';
import {
  cooldownLeft,
  environmentRefusal,
  mustAbort,
  standbyMissing,
  twoMasters,
} from '../../../core/drills/guards.js';
import { parseScenario } from '../../../core/drills/parse-scenario.js';
import type { Scenario, ScenarioInput } from '../../../core/drills/scenario.js';
import { unknownNode } from '../../../core/health/observation.js';
import type { NodeReading } from '../../../core/health/roles.js';
import { parseTopologyText } from '../../../core/topology/parse.js';
import { allNodes, hostOf, nodeNamed, type Topology } from '../../../core/topology/topology.js';

async function shipped(name: string): Promise<Topology> {
  const text = await readFile(new URL(`../../../topologies/${name}.yaml`, import.meta.url), 'utf8');
  const parsed = parseTopologyText(text);
  assert.ok(parsed.ok);
  return parsed.topology;
}

function scenario(parts: Pick<ScenarioInput, 'target' | 'fault'> & Partial<ScenarioInput>): Scenario {
  const parsed = parseScenario({ version: 1, name: 'test', ...parts });
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.scenario;
}

/** Every node is what the table says, and a slave otherwise. */
const readings = (topology: Topology, masters: readonly string[]): NodeReading[] =>
  allNodes(topology).map(({ name, host, openwire, console }) => {
    const isMaster = masters.includes(name);
    return {
      host,
      observation: {
        ...unknownNode(name),
        desired: 'up',
        process: { alive: true, pid: 1, state: 'S' },
        listening: isMaster ? [openwire, console] : [],
        log: { role: isMaster ? 'master' : 'slave' },
        lock: isMaster ? 'held' : 'held-by-other',
      },
      broker: isMaster ? { state: 'unauthorized' } : { state: 'refused', detail: '' },
    };
  });

function strike(topology: Topology, masters: string[], parts: Parameters<typeof scenario>[0]): Strike {
  const made = strikeOf(topology, { scenario: scenario(parts), readings: readings(topology, masters), aim: null });
  assert.ok(made.ok, made.ok ? '' : made.reason);
  return made.strike;
}

describe('who is hit', () => {
  test('is the master of this moment, and not the first node of its group', async () => {
    const { targets, group, blows } = strike(await shipped('ha-6'), ['mq2', 'mq4'], {
      target: { role: 'master' },
      fault: { kind: 'kill' },
    });
    assert.deepEqual([targets, group], [['mq2'], 'brokerA']);
    assert.deepEqual(blows, [
      { host: 'mqbrokerAA', fault: { by: 'agent', kind: 'kill', node: 'mq2', holdSeconds: 0 } },
    ]);
  });

  test('is a slave of the group that is named', async () => {
    const made = strike(await shipped('ha-6'), ['mq1', 'mq4'], {
      target: { role: 'slave', group: 'brokerB' },
      fault: { kind: 'stop', holdSeconds: 5 },
    });
    assert.deepEqual(made.targets, ['mq5']);
    assert.equal(made.holdSeconds, 5);
  });

  test('keeps a master with a replaced lock file for so long that it can notice by itself', async () => {
    const topology = await shipped('ha-6');
    const parts = { target: { role: 'master' }, fault: { kind: 'replace-lock' } } as const;
    const { holdSeconds, blows } = strike(topology, ['mq1', 'mq4'], parts);
    const { store } = topology.groups['brokerA'] ?? assert.fail();
    assert.ok(store.kind === 'kahadb' && holdSeconds * 1000 > store.lockKeepAliveMs);
    const fault = { by: 'agent', kind: 'replace-lock', node: 'mq1', holdSeconds };
    assert.deepEqual(blows, [{ host: 'mqbrokerAA', fault }]);
  });

  test('is nobody where the group has no master at this moment', async () => {
    const topology = await shipped('ha-6');
    const made = strikeOf(topology, {
      scenario: scenario({ target: { role: 'master' }, fault: { kind: 'kill' } }),
      readings: readings(topology, ['mq4']),
      aim: null,
    });
    assert.deepEqual(made, { ok: false, reason: 'brokerA has no master at this moment' });
  });

  test('is each node in its turn, as often as it is repeated', async () => {
    const topology = await shipped('ha-3');
    const each = scenario({ target: { role: 'each-node' }, fault: { kind: 'kill' }, repeat: 2 });
    assert.deepEqual(
      aimsOf(topology, each).map((aim) => aim?.node),
      ['mq1', 'mq2', 'mq3', 'mq1', 'mq2', 'mq3'],
    );
    assert.deepEqual(aimsOf(topology, scenario({ target: { role: 'master' }, fault: { kind: 'kill' } })), [null]);
  });

  test('is a whole host: no load may be driven from there', async () => {
    const made = strike(await shipped('ha-2-hosts'), ['mq1', 'mq3'], {
      target: { role: 'host-of-master' },
      fault: { kind: 'lose-host', holdSeconds: 9 },
    });
    assert.equal(made.blows[0]?.fault.by, 'carrier');
    assert.deepEqual(made.touched, made.targets);
  });
});

describe('what may be done, whoever is what by then', () => {
  const hostsHit = (topology: Topology, parts: Parameters<typeof scenario>[0]): string[] => [
    ...new Set(blowsToExpect(topology, scenario(parts)).blows.map(({ host }) => host)),
  ];

  test('to each node in its turn is done to every host', async () => {
    const each = { target: { role: 'each-node' }, fault: { kind: 'lose-host', holdSeconds: 9 } } as const;
    assert.deepEqual(hostsHit(await shipped('ha-2-hosts'), each), ['mqhost1', 'mqhost2']);
  });

  test('to a role may be done to every host of its group, for another node may have it by then', async () => {
    const topology = await shipped('ha-2-hosts');
    for (const role of ['master', 'host-of-master'] as const)
      assert.deepEqual(
        hostsHit(topology, { target: { role }, fault: { kind: 'packets', lossPercent: 9, holdSeconds: 9 } }),
        ['mqhost1', 'mqhost2'],
      );
    const one = { target: { role: 'node', node: 'mq2' }, fault: { kind: 'lose-host', holdSeconds: 9 } } as const;
    assert.equal(hostsHit(topology, one).length, 1);
  });

  test('keeps the load away from hosts of later turns too; of one turn only from those of the moment', async () => {
    const topology = await shipped('ha-2-hosts');
    const parts = {
      target: { role: 'host-of-master' },
      fault: { kind: 'packets', lossPercent: 9, holdSeconds: 9 },
    } as const;
    const first = strike(topology, ['mq1'], parts);
    const onFirst = nodeNamed(topology, 'mq1').host;
    assert.deepEqual(awayFrom(topology, scenario(parts), first), [onFirst]);
    assert.deepEqual(awayFrom(topology, scenario({ ...parts, repeat: 2 }), first).toSorted(), ['mqhost1', 'mqhost2']);
  });

  test('is named where there is no such thing', async () => {
    const cut = scenario({ target: { role: 'bridge' }, fault: { kind: 'cut-bridge', holdSeconds: 9 } });
    assert.deepEqual(blowsToExpect(await shipped('ha-3'), cut), {
      blows: [],
      problems: ['the topology has no such bridge'],
    });
  });
});

describe('what is cut', () => {
  const far = ['172.18.0.116'];

  test('between groups: every address of the other groups, and the load stays on both sides', async () => {
    const topology = await shipped('ha-6');
    const { blows, touched } = strike(topology, ['mq1', 'mq4'], {
      target: { role: 'master' },
      fault: { kind: 'partition', between: 'groups', holdSeconds: 9 },
    });
    assert.deepEqual(blows, [
      {
        host: 'mqbrokerAA',
        fault: { by: 'network', kind: 'drop', addresses: far, except: false, ports: [], holdSeconds: 9 },
      },
    ]);
    assert.deepEqual(touched, ['mqbrokerAA', 'mqbrokerBB']);
  });

  test('of a bridge: only the ports of the far brokers, from the side that dials', async () => {
    const { blows, targets } = strike(await shipped('ha-6'), ['mq1', 'mq4'], {
      target: { role: 'bridge' },
      fault: { kind: 'cut-bridge', holdSeconds: 9 },
    });
    assert.match(targets.join(), /^bridge /);
    assert.equal(blows.length, 1);
    const [{ host, fault } = assert.fail('no blow')] = blows;
    assert.equal(host, 'mqbrokerAA');
    assert.ok(fault.by === 'network' && fault.kind === 'drop');
    assert.deepEqual([fault.addresses, fault.ports], [far, [61619, 61620, 61621]]);
  });

  test('of a host from its clients: all but the other hosts', async () => {
    const { blows } = strike(await shipped('ha-6'), ['mq1', 'mq4'], {
      target: { role: 'master' },
      fault: { kind: 'partition', between: 'host-and-clients', holdSeconds: 9 },
    });
    const fault = blows[0]?.fault;
    assert.ok(fault?.by === 'network' && fault.kind === 'drop');
    assert.deepEqual([fault.addresses, fault.except], [far, true]);
  });

  test('of a node from ZooKeeper: its port on every server, for three session timeouts', async () => {
    const topology = await shipped('leveldb-zookeeper');
    const [first] = allNodes(topology);
    const made = strike(topology, [first?.name ?? ''], {
      target: { role: 'master' },
      fault: { kind: 'expire-session' },
    });
    assert.equal(made.holdSeconds, 6);
    const fault = made.blows[0]?.fault;
    assert.ok(fault?.by === 'network' && fault.kind === 'drop');
    assert.equal(fault.addresses.length, 3);
    assert.equal(fault.ports.length, 1);
    assert.ok(fault.addresses.includes(hostOf(topology, made.blows[0]?.host ?? '').address) && fault.asksOnly);
    assert.deepEqual(made.touched, []);
  });

  test('of a database: nothing, it is stopped by the agent of its host', async () => {
    const { blows } = strike(await shipped('jdbc-mariadb'), ['mq1'], {
      target: { role: 'database' },
      fault: { kind: 'restart-database', holdSeconds: 4 },
    });
    assert.equal(blows[0]?.fault.kind, 'restart-service');
  });
});

describe('a guard', () => {
  const guarded = (guards: ScenarioInput['guards']): Scenario =>
    scenario({ target: { role: 'master' }, fault: { kind: 'kill' }, guards: guards ?? {} });

  test('refuses an environment that it does not name', async () => {
    const topology = { ...(await shipped('ha-3')), environment: 'production' };
    assert.match(environmentRefusal(topology, guarded({})) ?? '', /production.*development, test, staging/);
    assert.equal(environmentRefusal(topology, guarded({ environments: ['production'] })), null);
  });

  test('leaves a drill out that comes too soon', () => {
    const soon = { lastEndedAt: 0, now: 9 * 60_000 };
    assert.match(cooldownLeft(guarded({ cooldownMinutes: 10 }), soon) ?? '', /ended 9\.0 min ago/);
    assert.equal(cooldownLeft(guarded({ cooldownMinutes: 9 }), soon), null);
    assert.equal(cooldownLeft(guarded({ cooldownMinutes: 10 }), { lastEndedAt: null, now: 0 }), null);
  });

  test('wants somebody who could take over', async () => {
    const topology = await shipped('ha-3');
    const alone = readings(topology, ['mq1']).filter(({ observation }) => observation.name === 'mq1');
    const asked = { scenario: guarded({}), group: 'brokerA' };
    assert.match(standbyMissing(topology, { ...asked, readings: alone }) ?? '', /no slave of brokerA/);
    assert.equal(standbyMissing(topology, { ...asked, readings: readings(topology, ['mq1']) }), null);
  });

  test('ends a fault when too much waits, or two masters are seen', () => {
    const load = [{ acknowledged: 150, delivered: 20 }];
    assert.match(mustAbort(guarded({ backlog: 100 }), { load, splitBrain: null }) ?? '', /130 messages wait/);
    assert.equal(mustAbort(guarded({ backlog: 130 }), { load, splitBrain: null }), null);
    assert.match(mustAbort(guarded({}), { load: [], splitBrain: 'mq1 and mq2' }) ?? '', /mq1 and mq2/);
  });

  test('takes for two masters two that serve, and not one that has got the lock of another', async () => {
    const topology = await shipped('ha-6');
    assert.equal(twoMasters(topology, 'brokerA', readings(topology, ['mq1', 'mq2'])), 'mq1 and mq2 serve brokerA');
    const taking = readings(topology, ['mq1', 'mq4']).map((reading) =>
      reading.observation.name === 'mq2'
        ? { ...reading, observation: { ...reading.observation, lock: 'held' as const } }
        : reading,
    );
    assert.equal(twoMasters(topology, 'brokerA', taking), null);
  });
});
