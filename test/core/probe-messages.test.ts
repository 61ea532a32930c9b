import { test } from 'node:test';
import assert from 'node:assert/strict';
import { parseProbeOutput } from '../../core/probe-report.js';
import { probeDeadlineMs, probeUrl, requestText, type ProbeRequest } from '../../core/probe-request.js';

const url = probeUrl([{ address: '10.0.0.1', port: 1 }], 2_000);
const request: ProbeRequest = {
  run: 'r1',
  user: 'everbroker-probe',
  tasks: [
    { task: 'login', name: 'first', from: url, timeoutMs: 2_000 },
    {
      task: 'route',
      name: 'second',
      queue: 'EVERBROKER.VERIFY.x',
      from: url,
      to: url,
      count: 2,
      timeoutMs: 4_000,
      cleanup: true,
    },
  ],
};
const login = { name: 'first', task: 'login', outcome: 'ok', errors: [] };
const counts = {
  asked: 2,
  acknowledged: 2,
  failed: 0,
  unknown: 0,
  unsent: 0,
  received: 2,
  duplicated: 0,
  unexpected: 0,
};
const times = { firstSentAt: 1, lastSentAt: 2, longestSendMs: 1, firstReceivedAt: 1, lastReceivedAt: 2 };
const rest = { recovered: 0, missing: 0, missingIds: '', stuck: 0, lost: 0, cleanupFrom: 'deleted', errors: [] };
const route = { name: 'second', task: 'route', outcome: 'complete', ...counts, ...times, ...rest };
const output = (...lines: object[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

test('a request is lines that begin a task each, with what holds for all before them', () => {
  assert.deepEqual(requestText(request).split('\n'), [
    'run=r1',
    'user=everbroker-probe',
    `deadlineMs=${probeDeadlineMs(request)}`,
    'task=login',
    'name=first',
    `from=${url}`,
    'timeoutMs=2000',
    'task=route',
    'name=second',
    'queue=EVERBROKER.VERIFY.x',
    `from=${url}`,
    `to=${url}`,
    'count=2',
    'timeoutMs=4000',
    'cleanup=true',
    '',
  ]);
});

test('a value with a line break is refused, because it would be a key of its own', () => {
  assert.throws(() => requestText({ ...request, run: 'x\npassword=y' }), RangeError);
});

test('a queue that is not the probe’s is refused before anything is sent', () => {
  const tasks = [{ task: 'drain' as const, name: 'd', queue: 'ORDERS', to: url, timeoutMs: 1 }];
  assert.throws(() => requestText({ ...request, tasks }), /ORDERS/);
});

test('the deadline leaves time beyond the longest task', () => {
  assert.ok(probeDeadlineMs(request) > 4_000);
});

test('the url tries all nodes and bounds both the first connection and the sends of a lost one', () => {
  const both = probeUrl(
    [
      { address: 'a', port: 1 },
      { address: 'b', port: 2 },
    ],
    5_000,
  );
  assert.ok(both.startsWith('failover:(tcp://a:1,tcp://b:2)?'));
  for (const option of ['timeout=5000', 'startupMaxReconnectAttempts=13', 'randomize=false'])
    assert.ok(both.includes(option));
});

test('reports come in the order of the request, whichever ended first', () => {
  const reports = parseProbeOutput(request, output(route, login, { end: true, reported: 2 }));
  assert.deepEqual(
    reports?.map(({ name }) => name),
    ['first', 'second'],
  );
});

test('events of single messages may stand between the reports', () => {
  const event = { event: 'acknowledged', name: 'second', seq: 0, at: 1 };
  assert.equal(parseProbeOutput(request, output(event, route, login, { end: true, reported: 2 }))?.length, 2);
});

test('an output that is cut, garbled or lacks a report is no answer', () => {
  const end = { end: true, reported: 2 };
  assert.equal(parseProbeOutput(request, ''), null);
  assert.equal(parseProbeOutput(request, output(route, login)), null);
  assert.equal(parseProbeOutput(request, output(route, end)), null);
  assert.equal(parseProbeOutput(request, output(route, login, { end: true, reported: 1 })), null);
  assert.equal(parseProbeOutput(request, output({ ...route, lost: 'none' }, login, end)), null);
  assert.equal(parseProbeOutput(request, `${output(route)}{"name":"fir`), null);
});

test('a task that the deadline cut is a report of its own', () => {
  const cut = { name: 'second', task: 'route', outcome: 'timeout' };
  const reports = parseProbeOutput(request, output(login, cut, { end: true, reported: 2 }));
  assert.deepEqual(reports?.[1], { ...cut, errors: [] });
});
