/** A table of wrong scenarios: each is refused with the expected path and words, and with nothing else unless said. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseScenario, parseScenarioText } from '../../../core/drills/parse-scenario.js';
import { formatProblems, type Problem } from '../../../core/topology/problem.js';

interface Row {
  name: string;
  change: Record<string, unknown>;
  path: string;
  words: RegExp;
  count?: number;
}

const SCENARIO = { version: 1, name: 'one', target: { role: 'master' }, fault: { kind: 'stop', holdSeconds: 5 } };

const rows: Row[] = [
  { name: 'an unknown key', change: { exspect: {} }, path: 'exspect', words: /not a key.*did you mean expect\?/ },
  {
    name: 'an unknown key of the chosen fault, of which other faults have more',
    change: { fault: { kind: 'stop', holdSeconds: 5, how: 'kill' } },
    path: 'fault.how',
    words: /not a key of this format — possible here: kind, holdSeconds/,
  },
  {
    name: 'a mistyped key of a target',
    change: { target: { role: 'master', gruop: 'a' } },
    path: 'target.gruop',
    words: /did you mean group\?/,
  },
  { name: 'no target', change: { target: undefined }, path: 'target', words: /is missing/ },
  {
    name: 'an unknown role',
    change: { target: { role: 'mastre' } },
    path: 'target.role',
    words: /must be one of none, master, .*not the text "mastre".*did you mean master\?/,
  },
  {
    name: 'an unknown fault',
    change: { fault: { kind: 'kil' } },
    path: 'fault.kind',
    words: /must be one of .*did you mean kill\?/,
  },
  { name: 'no hold', change: { fault: { kind: 'stop' } }, path: 'fault.holdSeconds', words: /is missing \(a number\)/ },
  {
    name: 'a hold that is text',
    change: { fault: { kind: 'stop', holdSeconds: '5' } },
    path: 'fault.holdSeconds',
    words: /must be a number, not the text "5" — write it without quotes/,
  },
  {
    name: 'a hold of nothing',
    change: { fault: { kind: 'stop', holdSeconds: 0 } },
    path: 'fault.holdSeconds',
    words: /must be more than 0/,
  },
  {
    name: 'packets that nothing happens to',
    change: { target: { role: 'host-of-master' }, fault: { kind: 'packets', holdSeconds: 5 } },
    path: 'fault',
    words: /needs delayMs or lossPercent/,
  },
  {
    name: 'a fault that is not done to such a target',
    change: { target: { role: 'database' } },
    path: 'target.role',
    words: /stop is not done to a target of role database — possible for stop: master, slave, node, each-node/,
  },
  {
    name: 'a fault done to nobody',
    change: { target: { role: 'none' } },
    path: 'target.role',
    words: /stop is not done to nobody/,
  },
  {
    name: 'a bridge from a group to itself',
    change: { target: { role: 'bridge', from: 'a', to: 'a' }, fault: { kind: 'cut-bridge', holdSeconds: 5 } },
    path: 'target.to',
    words: /a bridge joins two groups/,
  },
  {
    name: 'a hold that the longest time leaves no room for',
    change: { guards: { atMostMinutes: 1 }, fault: { kind: 'stop', holdSeconds: 120 } },
    path: 'guards.atMostMinutes',
    words: /is 1 min, but .* are 126 s already — at least 5/,
  },
  {
    name: 'a time to recover from nothing',
    change: { target: { role: 'none' }, fault: { kind: 'none', holdSeconds: 5 }, expect: { brokerRtoSeconds: 5 } },
    path: 'expect.brokerRtoSeconds',
    words: /nothing to recover from/,
  },
  {
    name: 'a producer that is to store while its database is away',
    change: {
      target: { role: 'database' },
      fault: { kind: 'restart-database', holdSeconds: 10 },
      expect: { producerRtoSeconds: 5 },
    },
    path: 'expect.producerRtoSeconds',
    words: /without its database no broker stores anything for 10 s — more than 10/,
  },
  {
    name: 'a transaction that takes minutes',
    change: { load: { flows: [{ perSecond: 1, transactionSize: 100 }] } },
    path: 'load.flows[0].transactionSize',
    words: /takes 100 s at 1 a second/,
  },
  {
    name: 'a body too small for its id',
    change: { load: { flows: [{ sizeBytes: 4 }] } },
    path: 'load.flows[0].sizeBytes',
    words: /at least 16/,
  },
  {
    name: 'an environment that is no word',
    change: { guards: { environments: ['Test!'] } },
    path: 'guards.environments[0]',
    words: /plain lower-case word/,
  },
  {
    name: 'a negative tolerance',
    change: { expect: { lost: -1 } },
    path: 'expect.lost',
    words: /at least 0/,
  },
  {
    name: 'problems in several places, all at once',
    change: { version: 2, target: { role: 'bridge' }, expect: { lost: -1 } },
    path: 'target.role',
    words: /stop is not done to a target of role bridge/,
    count: 3,
  },
];

const text = ({ message, suggestion }: Problem): string =>
  `${message}${suggestion === undefined ? '' : ` — ${suggestion}`}`;

describe('a wrong scenario is refused, with its place and a way out:', () => {
  for (const { name, change, path, words, count = 1 } of rows) {
    test(name, () => {
      const result = parseScenario({ ...SCENARIO, ...change });
      assert.ok(!result.ok, 'it was accepted');
      const all = formatProblems(result.problems);
      assert.ok(
        result.problems.some((problem) => problem.path === path && words.test(text(problem))),
        `expected ${path}: ${words}, got\n${all}`,
      );
      assert.equal(result.problems.length, count, all);
    });
  }

  test('something that is no scenario at all', () => {
    for (const input of [null, 7, 'kill-master', [], undefined]) {
      const result = parseScenario(input);
      assert.ok(!result.ok);
      assert.equal(result.problems[0]?.path, 'scenario');
    }
  });

  test('text, with its lines', () => {
    const result = parseScenarioText('version: 1\nname: One\ntarget:\n  role: mastre\nfault: { kind: kill }\n');
    assert.ok(!result.ok);
    assert.deepEqual(
      result.problems.map(({ path, line }) => [path, line]),
      [
        ['name', 2],
        ['target.role', 4],
      ],
    );
    const twice = parseScenarioText('name: a\nname: b\n', { name: 'x.yaml' });
    assert.ok(!twice.ok);
    assert.match(formatProblems(twice.problems), /x\.yaml:2:1 .*stands twice/);
    const large = parseScenarioText(' '.repeat(2 ** 21));
    assert.ok(!large.ok);
    assert.match(formatProblems(large.problems), /which no scenario is/);
  });
});

test('a scenario has its defaults when it was parsed, and parses again as it is', () => {
  const result = parseScenario(SCENARIO);
  assert.ok(result.ok);
  assert.equal(result.scenario.expect.lost, 0);
  assert.equal(result.scenario.guards.standby, true);
  assert.equal(result.scenario.load.flows.length, 1);
  const again = parseScenario(JSON.parse(JSON.stringify(result.scenario)));
  assert.deepEqual(again, result);
});
