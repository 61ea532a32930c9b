import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { messageCheckNames, messageChecks, proofTasks, unproven } from '../../../core/health/proof.js';
import type { RouteReport, TaskReport } from '../../../core/probe-report.js';
import { aParsedTopology } from '../../support/topologies.js';

const topology = aParsedTopology({ groups: 2 });
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
  Object.fromEntries(messageChecks(topology, reports).map((check) => [check.name, check.ok ? 'ok' : check.fault]));

test('a bridge is proved in both directions, and every group by a refused stranger', () => {
  assert.deepEqual(messageCheckNames(topology), [THERE, BACK, 'g1 demands a login', 'g2 demands a login']);
  const tasks = proofTasks(topology, { run: 'r', count: 20, timeoutMs: 1000 });
  assert.deepEqual(
    tasks.map((task) => task.name),
    messageCheckNames(topology),
  );
  assert.ok(messageChecks(topology, well()).every((check) => check.ok));
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
    const none = messageChecks(topology, []);
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
