import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sshGoalsOf, sshSummaryText, summarizeSsh, type SshRound } from '../../bench/ssh-report.js';

const round = (ansible: [number, number], everbroker: [number, number]): SshRound => ({
  ansibleFresh: ansible[0],
  ansibleNoChange: ansible[1],
  fresh: { seconds: everbroker[0], provenSeconds: everbroker[0], workflowSeconds: everbroker[0], phases: { proof: 1 } },
  noChange: { seconds: everbroker[1], workflowSeconds: everbroker[1] / 2 },
  loadBefore: 0.5,
});

test('ratios are taken within a round, and the median round counts', () => {
  const summary = summarizeSsh([round([40, 8], [10, 1]), round([80, 16], [40, 8]), round([30, 10], [9, 2])], 20);
  assert.equal(summary.ratioFresh, 0.3);
  assert.equal(summary.ratioNoChange, 0.2);
});

test('a third and a quarter are met, anything above is missed and said', () => {
  const met = summarizeSsh([round([30, 8], [10, 2])], 20);
  assert.deepEqual(
    sshGoalsOf(met).map((goal) => goal.met),
    [true, true],
  );
  const missed = summarizeSsh([round([30, 8], [10.1, 2.1])], 20);
  assert.deepEqual(
    sshGoalsOf(missed).map((goal) => goal.met),
    [false, false],
  );
  assert.match(sshSummaryText(missed, sshGoalsOf(missed)), /goal: missed {2}ratio fresh 0\.34 \(at most 0\.33\)/);
});
