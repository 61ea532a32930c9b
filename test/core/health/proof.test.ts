import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  doubtfulRoutes,
  messageCheckNames,
  messageChecks,
  patientTasks,
  proofTasks,
  unproven,
} from '../../../core/health/proof.js';
import type { RouteReport, TaskReport } from '../../../core/probe-report.js';
import { aParsedTopology } from '../../support/topologies.js';

const topology = aParsedTopology({ groups: 2 });
const SLOW_MS = 10_000;
const THERE = 'bridge b1: g1 → g2';
const BACK = 'bridge b1: g2 → g1';

const route = (name: string, change: Partial<RouteReport> = {}): RouteReport => ({
  task: 'route',
  name,
  outcome: 'complete',
  errors: [],
  asked: 20,
  acknowledged: 20,
  failed: 0,
  unknown: 0,
  unsent: 0,
  firstSentAt: 1,
  lastSentAt: 2,
  longestSendMs: 1,
  received: 20,
  duplicated: 0,
  unexpected: 0,
  firstReceivedAt: 1,
  lastReceivedAt: 2,
  recovered: 0,
  missing: 0,
  missingIds: '',
  stuck: 0,
  lost: 0,
  cleanupFrom: 'deleted',
  cleanupTo: 'deleted',
  ...change,
});
const login = (group: string, outcome: 'ok' | 'refused' | 'unreachable'): TaskReport => ({
  task: 'login',
  name: `${group} demands a login`,
  outcome,
  errors: [],
});
const well = (): TaskReport[] => [route(THERE), route(BACK), login('g1', 'refused'), login('g2', 'refused')];
const faults = (reports: TaskReport[]): Record<string, string | undefined> =>
  Object.fromEntries(
    messageChecks(topology, reports, SLOW_MS).map((check) => [check.name, check.ok ? 'ok' : check.fault]),
  );

test('a bridge is proved in both directions, and every group by a refused stranger', () => {
  assert.deepEqual(messageCheckNames(topology), [THERE, BACK, 'g1 demands a login', 'g2 demands a login']);
  const tasks = proofTasks(topology, { run: 'r', count: 20, timeoutMs: 1000 });
  assert.deepEqual(
    tasks.map((task) => task.name),
    messageCheckNames(topology),
  );
  assert.ok(messageChecks(topology, well(), SLOW_MS).every((check) => check.ok));
});

test('a group without a bridge is proved by messages through itself', () => {
  const alone = aParsedTopology({ groups: 1 });
  assert.deepEqual(messageCheckNames(alone), ['messages through g1', 'g1 demands a login']);
});

describe('a report', () => {
  const [first, ...others] = well();
  const TABLE: [string, Partial<RouteReport>, string][] = [
    [
      'of messages that stay where they went in',
      { outcome: 'incomplete', received: 0, missing: 20, stuck: 20 },
      'BridgeDown',
    ],
    ['of messages that are nowhere', { outcome: 'incomplete', received: 15, missing: 5, lost: 5 }, 'MessagesLost'],
    ['of messages that came twice', { outcome: 'incomplete', duplicated: 3 }, 'MessagesDuplicated'],
    ['of a refused login', { outcome: 'refused' }, 'LoginRefused'],
    ['of silence', { outcome: 'unreachable' }, 'NoMaster'],
    ['of a queue that stays', { cleanupTo: 'not connected' }, 'QueueLeft'],
    ['of messages that came late', { lastReceivedAt: 12_002 }, 'BridgeSlow'],
    [
      'of messages of which some came, late',
      { outcome: 'incomplete', received: 3, missing: 17, stuck: 17, lastReceivedAt: 40_000 },
      'BridgeSlow',
    ],
    ['of nothing sent', { asked: 0, acknowledged: 0, received: 0 }, 'ProbeFailed'],
  ];
  for (const [what, change, fault] of TABLE) {
    test(`${what} is told by ${fault}`, () => {
      assert.ok(first);
      assert.equal(faults([route(THERE, change), ...others])[THERE], fault);
    });
  }

  test('that the probe’s deadline cut is a bridge that does not carry', () => {
    const cut: TaskReport = { task: 'route', name: THERE, outcome: 'timeout', errors: [] };
    assert.equal(faults([cut, ...others])[THERE], 'BridgeDown');
  });

  test('of a stranger who was let in is told', () => {
    assert.equal(faults([...well().slice(0, 3), login('g2', 'ok')])['g2 demands a login'], 'LoginNotRequired');
  });

  test('that is missing is a failed check, so that no report at all proves nothing', () => {
    assert.equal(faults(others)[THERE], 'ProbeFailed');
    const none = messageChecks(topology, [], SLOW_MS);
    assert.equal(none.length, 4);
    assert.ok(none.every((check) => !check.ok));
  });
});

test('a proof that could not be made fails for each thing that it should have proved', () => {
  const checks = unproven(topology, 'HostUnseen', 'no host');
  assert.deepEqual(
    checks.map((check) => [check.name, check.ok]),
    messageCheckNames(topology).map((name) => [name, false]),
  );
});

describe('a network of more than two groups', () => {
  const chain = aParsedTopology({ groups: 3, nodesPerGroup: 1 });

  test('is proved over every way from each group to each, and swept at every group', () => {
    assert.deepEqual(messageCheckNames(chain), [
      'bridge b1: g1 → g2',
      'bridge b1: g2 → g1',
      'bridge b2: g2 → g3',
      'bridge b2: g3 → g2',
      'g1 → g3 over 2 bridges',
      'g3 → g1 over 2 bridges',
      ...['g1', 'g2', 'g3'].map((group) => `${group} demands a login`),
      ...['g1', 'g2', 'g3'].map((group) => `${group} is left without the probe's queues`),
    ]);
  });

  test('has messages looked for at the groups in between, where they may be stuck', () => {
    const tasks = proofTasks(chain, { run: 'r', count: 20, timeoutMs: 1000 });
    const far = tasks.find(({ name }) => name === 'g1 → g3 over 2 bridges');
    assert.ok(far?.task === 'route' && far.via !== undefined);
    assert.match(far.via, /^failover:\(tcp:\/\/172\.29\.0\.11:61002\)\S*$/);
  });

  test('is told when a queue stays at a broker that is no end of its way', () => {
    const sweep: TaskReport = {
      task: 'sweep',
      name: "g2 is left without the probe's queues",
      outcome: 'incomplete',
      left: 'EVERBROKER.VERIFY.r.0: in use',
      errors: [],
    };
    const check = messageChecks(chain, [sweep], SLOW_MS).find(({ name }) => name === sweep.name);
    assert.deepEqual([check?.fault, /in use/.test(check?.detail ?? '')], ['QueueLeft', true]);
  });
});

describe('a route over which nothing came', () => {
  const silent = messageChecks(
    topology,
    [THERE, BACK].map((name) => route(name, { outcome: 'incomplete', received: 0, missing: 20, stuck: 20 })),
    SLOW_MS,
  );

  test('is tried again, longer, when its brokers say that the bridge stands: it may be slow', () => {
    assert.deepEqual(doubtfulRoutes(topology, silent, ['b1']), [THERE, BACK]);
    const tasks = proofTasks(topology, { run: 'r', count: 20, timeoutMs: 1000 });
    const again = patientTasks(topology, { run: 's', count: 20, timeoutMs: 9000, first: tasks, names: [BACK] });
    assert.deepEqual(
      again.map((task) => [task.task, task.name, 'queues' in task ? task.queues : '']),
      [
        ['route', BACK, ''],
        ['sweep', 'first try at g1', 'EVERBROKER.VERIFY.r.1'],
        ['sweep', 'first try at g2', 'EVERBROKER.VERIFY.r.1'],
      ],
    );
  });

  test('is dead without another try when they say that it does not', () => {
    assert.deepEqual(doubtfulRoutes(topology, silent, []), []);
    assert.deepEqual(doubtfulRoutes(topology, messageChecks(topology, well(), SLOW_MS), ['b1']), []);
  });
});
