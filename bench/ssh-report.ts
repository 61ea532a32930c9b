/** The numbers of Ansible and Everbroker on the same machines, their medians and ratios, as text. Pure. */
import type { Deployment, NoChange } from './everbroker.js';
import { goal, goalLine, median, medianPhases, s, type Goal } from './report.js';

export interface SshRound {
  ansibleFresh: number;
  ansibleNoChange: number;
  /** Everbroker's, with the class-data archive in the cache. */
  fresh: Deployment;
  noChange: NoChange;
  /** Processes waiting for a core as the round began. */
  loadBefore: number;
}

export function summarizeSsh(rounds: readonly SshRound[], cold: number) {
  const of = (value: (round: SshRound) => number): number => median(rounds.map(value));
  return {
    ansibleFresh: of((round) => round.ansibleFresh),
    ansibleNoChange: of((round) => round.ansibleNoChange),
    fresh: of((round) => round.fresh.seconds),
    noChange: of((round) => round.noChange.seconds),
    noChangeWorkflow: of((round) => round.noChange.workflowSeconds),
    cold,
    // Ratios are taken within a round, where both met the same machine.
    ratioFresh: of((round) => round.fresh.seconds / round.ansibleFresh),
    ratioNoChange: of((round) => round.noChange.seconds / round.ansibleNoChange),
    phases: medianPhases(rounds.map((round) => round.fresh.phases)),
  };
}

export type SshSummary = ReturnType<typeof summarizeSsh>;

export const sshGoalsOf = ({ ratioFresh, ratioNoChange }: SshSummary): Goal[] => [
  goal('ratio fresh', ratioFresh, 1 / 3),
  goal('ratio no-change', ratioNoChange, 1 / 4),
];

export function sshRoundLine(round: SshRound, index: number): string {
  const { ansibleFresh, ansibleNoChange, fresh, noChange, loadBefore } = round;
  return (
    `round ${index + 1}: fresh: Ansible ${s(ansibleFresh)} s  Everbroker ${s(fresh.seconds)} s  ` +
    `no-change: Ansible ${s(ansibleNoChange)} s  Everbroker ${s(noChange.seconds)} s ` +
    `(workflow ${s(noChange.workflowSeconds)})  load before ${loadBefore.toFixed(1)}`
  );
}

export const sshSummaryText = (summary: SshSummary, goals: readonly Goal[]): string =>
  [
    'medians, on two machines behind SSH',
    '                     Ansible  Everbroker   ratio',
    `  fresh              ${s(summary.ansibleFresh)} s  ${s(summary.fresh)} s  ${s(summary.ratioFresh)}`,
    `  no-change          ${s(summary.ansibleNoChange)} s  ${s(summary.noChange)} s  ${s(summary.ratioNoChange)}` +
      `  (workflow ${summary.noChangeWorkflow.toFixed(2)} s)`,
    `  the first fresh one of Everbroker, which makes the class-data archive: ${summary.cold.toFixed(2)} s`,
    'where the time of a fresh one goes, s (phases of Everbroker overlap)',
    ...Object.entries(summary.phases).map(([name, seconds]) => `  ${name.padEnd(20)} ${s(seconds)}`),
    ...goals.map(goalLine),
  ].join('\n');
