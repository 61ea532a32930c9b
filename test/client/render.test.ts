import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployText, destroyText, planText, statusText, table, verifyText } from '../../client/render.js';
import { stepLine } from '../../client/progress-printer.js';
import { foldedWarnings, fullWarnings, wrapped } from '../../client/warnings.js';
import type { DeployOutput, NodeResult } from '../../core/contract.js';
import { parseTopology } from '../../core/topology/parse.js';
import type { StepProgress } from '../../core/progress.js';
import { aTopology } from '../support/topologies.js';

const node = (name: string, role: NodeResult['role'], number: number): NodeResult => ({
  node: name,
  group: 'brokerA',
  host: 'mqbrokerAA',
  role,
  address: '172.18.0.112',
  openwire: 61615 + number,
  console: 8160 + number,
  consoleUrl: `http://127.0.0.1:${8160 + number}/admin`,
});

const DEPLOYED: DeployOutput = {
  outcome: 'deployed',
  cluster: 'ha-6',
  topologyHash: 'abc',
  nodes: [node('mq1', 'master', 1), node('mq2', 'slave', 2)],
  clientUrls: { brokerA: 'failover:(tcp://127.0.0.1:61616,tcp://127.0.0.1:61617)?randomize=false' },
  networks: { qqnetwork: '172.19.0.0/16' },
  checks: [{ name: 'one master of brokerA', ok: true, detail: 'mq1' }],
  warnings: [],
  notes: ['qqnetwork: 172.18.0.0/16 is taken; 172.19.0.0/16 is used'],
  steps: { run: 12, changed: 9, skipped: 0 },
  timeline: [],
  durationMs: 8123,
};
const WHERE = { credentials: 'npx everbroker credentials ha-6', ui: 'http://127.0.0.1:8233/run' };

describe('the result of a deployment', () => {
  test('has nodes with roles, the consoles, the failover URL, the credentials and the page of the run', () => {
    const text = deployText(DEPLOYED, WHERE);
    assert.match(text, /^NODE +GROUP +HOST +ADDRESS +ROLE +OPENWIRE +CONSOLE$/m);
    assert.match(
      text,
      /^mq1 +brokerA +mqbrokerAA +172\.18\.0\.112 +master +61616 +http:\/\/127\.0\.0\.1:8161\/admin$/m,
    );
    assert.match(text, /^mq2 .* slave +61617 /m);
    assert.ok(text.includes('  brokerA: failover:(tcp://127.0.0.1:61616,tcp://127.0.0.1:61617)?randomize=false'));
    assert.ok(text.includes('credentials: npx everbroker credentials ha-6'));
    assert.ok(text.includes('this run in the Temporal UI: http://127.0.0.1:8233/run'));
    assert.ok(text.includes('172.19.0.0/16 is used'));
    assert.ok(text.includes('ha-6 is deployed and proven (8.1 s, 9 of 12 steps changed something)'));
  });

  test('says so when nothing was to do', () => {
    const text = deployText({ ...DEPLOYED, outcome: 'unchanged', checks: [], notes: [] }, { ...WHERE, ui: null });
    assert.match(text, /^ha-6 is as its topology says: nothing changed \(8\.1 s\)$/m);
    assert.ok(!text.includes('Temporal UI'));
  });
});

describe('warnings', () => {
  const parsed = parseTopology(aTopology());
  assert.ok(parsed.ok);
  const { warnings } = parsed;

  test('of a version without support are one line where a deployment is the news', () => {
    const folded = foldedWarnings(warnings);
    assert.equal(folded.filter((line) => line.includes('5.18.3')).length, 1);
    assert.match(folded[0] ?? '', /^⚠ ActiveMQ 5\.18\.3: out of support, CVE-2025-27533, /);
    assert.equal(foldedWarnings([]).length, 0);
  });

  test('are shown in full, each with the version that has it fixed, where they were asked for', () => {
    const text = fullWarnings(warnings).join('\n').replace(/\n +/g, ' ');
    assert.match(text, /5\.18\.3: CVE-2026-34197: a console user .* — fixed in 5\.19\.7, 6\.2\.6/);
  });

  test('fit a terminal of 100 columns', () => {
    for (const line of [...fullWarnings(warnings), ...foldedWarnings(warnings)].flatMap((text) => text.split('\n')))
      assert.ok(line.length <= 102, line);
    assert.equal(wrapped('aaa bbb ccc', 7), 'aaa bbb\n  ccc');
    assert.equal(wrapped('averylongword', 5), 'averylongword');
  });
});

describe('a step that has ended', () => {
  const ended: StepProgress = {
    id: 'startNode/mq1',
    summary: 'mq1 · start as master of brokerA',
    host: 'mqbrokerAA',
    node: 'mq1',
    status: 'done',
    startedAt: 1000,
    endedAt: 3210,
    note: 'master after 2.2 s',
  };
  const onHost: StepProgress = { ...ended, id: 'x', summary: 'mqbrokerAA · install Java (packages)', note: 'Java 17' };

  test('is one line with seconds, host, node and note, in columns', () => {
    const steps = [ended, onHost];
    assert.equal(
      stepLine(ended, { steps }),
      '✔   2.2 s  mqbrokerAA  mq1 · start as master of brokerA  master after 2.2 s',
    );
    assert.equal(stepLine(onHost, { steps }), '✔   2.2 s  mqbrokerAA  install Java (packages)           Java 17');
  });

  test('has only the head of its reason when it failed, and all of it with a way out when it waits', () => {
    const failed: StepProgress = { ...ended, status: 'failed', error: 'mq1 did not start\nthe log' };
    assert.ok(stepLine(failed, { steps: [failed] }).endsWith('  mq1 did not start'));
    const waiting = stepLine({ ...failed, status: 'waiting' }, { steps: [failed] });
    assert.ok(
      waiting.includes('\n  mq1 did not start\n  the log\n  waits for the update retryStep, skipStep or abort'),
    );
  });
});

describe('other results', () => {
  test('pad columns and end lines without blanks', () => {
    assert.equal(
      table([
        ['A', 'B'],
        ['long', ''],
      ]),
      'A     B\nlong',
    );
  });

  test('of a plan are its steps with reasons and changed files, or that there are none', () => {
    const plan = { cluster: 'ha-6', topologyHash: 'h', unseen: [], warnings: [], notes: [] };
    const text = planText({
      ...plan,
      steps: [
        {
          id: 'configureNode/mq1',
          summary: 'mq1 · configure',
          reason: 'conf/java.args differs',
          files: [{ path: '/x/java.args', change: 'update', diff: '-a\n+b\n' }],
        },
      ],
    });
    assert.equal(text, 'ha-6: 1 step\n  mq1 · configure\n      because conf/java.args differs\n      -a\n      +b');
    assert.equal(planText({ ...plan, steps: [] }), 'ha-6 is as its topology says: nothing to do');
  });

  test('of a verification that failed name the fault of each failed check', () => {
    const check = { name: 'one master of brokerA', ok: false, fault: 'TwoMasters', detail: 'mq1 and mq2 serve' };
    const facts = { cluster: 'ha-6', topologyHash: 'h', nodes: DEPLOYED.nodes, clientUrls: {}, checks: [check] };
    const text = verifyText({ ...facts, verdict: 'failed', durationMs: 500 });
    assert.ok(text.includes('✖ one master of brokerA: TwoMasters: mq1 and mq2 serve'));
    assert.ok(text.endsWith('ha-6: verification failed (0.5 s)'));
    assert.ok(statusText({ ...facts, healthy: false }).includes('TwoMasters'));
  });

  test('of destroy say what stays and how to remove it', () => {
    const text = destroyText({
      outcome: 'destroyed',
      cluster: 'a',
      removed: ['c'],
      kept: ['v'],
      timeline: [],
      durationMs: 1,
    });
    assert.equal(text, 'a: removed c\nkept, because they hold data: v (--delete-data removes them)');
  });
});
