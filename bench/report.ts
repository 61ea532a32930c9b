/** The numbers of all rounds, their medians and ratios, as text. Pure. */
import type { Deployment, NoChange } from './everbroker.js';
import type { Floor } from './floor.js';
import type { Phases } from './phases.js';
import type { RecipeRun } from './recipe.js';

export interface Round {
  recipe: RecipeRun;
  cold: Deployment;
  warm: Deployment;
  noChange: NoChange;
  floor: Floor;
  /** CPU seconds of the six JVMs of the warm deployment, until it was proven. */
  jvmCpuSeconds: number;
  /** Processes waiting for a core as the round began; where others use the machine, its times say little. */
  loadBefore: number;
}

export interface Goal {
  name: string;
  value: number;
  limit: number;
  met: boolean;
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? NaN;
  return (upper + lower) / 2;
};

export function summarize(rounds: readonly Round[], cores: number) {
  const of = (value: (round: Round) => number): number => median(rounds.map(value));
  const script = of((round) => round.recipe.seconds);
  const container = of((round) => round.floor.containerSeconds);
  const unpack = of((round) => round.floor.unpackSeconds);
  const jvmCpu = of((round) => round.jvmCpuSeconds);
  return {
    script,
    warm: of((round) => round.warm.seconds),
    cold: of((round) => round.cold.seconds),
    coldProven: of((round) => round.cold.provenSeconds),
    // Ratios are taken within a round, where both met the same machine.
    ratioWarm: of((round) => round.warm.seconds / round.recipe.seconds),
    ratioCold: of((round) => round.cold.seconds / round.recipe.seconds),
    ratioColdProven: of((round) => round.cold.provenSeconds / round.recipe.seconds),
    noChange: of((round) => round.noChange.seconds),
    noChangeWorkflow: of((round) => round.noChange.workflowSeconds),
    floor: { container, unpack, jvmCpu, whole: container + unpack + jvmCpu / cores },
    phases: {
      script: medianPhases(rounds.map((round) => round.recipe.phases)),
      warm: medianPhases(rounds.map((round) => round.warm.phases)),
      cold: medianPhases(rounds.map((round) => round.cold.phases)),
    },
  };
}

export type Summary = ReturnType<typeof summarize>;

export function medianPhases(runs: readonly Phases[]): Phases {
  const names = [...new Set(runs.flatMap((phases) => Object.keys(phases)))];
  return Object.fromEntries(names.map((name) => [name, median(runs.map((phases) => phases[name] ?? 0))]));
}

export const goal = (name: string, value: number, limit: number): Goal => ({
  name,
  value,
  limit,
  met: value <= limit,
});

export const goalLine = ({ met, name, value, limit }: Goal): string =>
  `goal: ${met ? 'met' : 'missed'}  ${name} ${value.toFixed(2)} (at most ${Number(limit.toFixed(2))})`;

export function goalsOf({ ratioWarm, noChange }: Summary): Goal[] {
  return [goal('ratio warm', ratioWarm, 0.5), { ...goal('no-change s', noChange, 1.5), met: noChange < 1.5 }];
}

export const s = (value: number): string => value.toFixed(2).padStart(7);

export function roundLine(round: Round, index: number): string {
  const { recipe, warm, cold, noChange } = round;
  return (
    `round ${index + 1}: script ${s(recipe.seconds)} s  warm ${s(warm.seconds)} s (workflow ${s(warm.workflowSeconds)})  ` +
    `cold ${s(cold.seconds)} s (proven ${s(cold.provenSeconds)})  no-change ${s(noChange.seconds)} s ` +
    `(workflow ${s(noChange.workflowSeconds)})  load before ${round.loadBefore.toFixed(1)}`
  );
}

export function summaryText(summary: Summary, goals: readonly Goal[]): string {
  const { floor, phases } = summary;
  return [
    'medians',
    `  script             ${s(summary.script)} s`,
    `  warm               ${s(summary.warm)} s`,
    `  cold               ${s(summary.cold)} s  (with the archive made after the proof; proven after ${summary.coldProven.toFixed(2)} s)`,
    `  ratio warm         ${s(summary.ratioWarm)}`,
    `  ratio cold         ${s(summary.ratioCold)}`,
    `  ratio cold, proven ${s(summary.ratioColdProven)}`,
    `  no-change          ${s(summary.noChange)} s  (workflow ${summary.noChangeWorkflow.toFixed(2)} s)`,
    'where the time goes, s (phases of Everbroker overlap)',
    ...phaseRows(phases),
    'floor',
    `  one container      ${s(floor.container)} s`,
    `  one unpack         ${s(floor.unpack)} s`,
    `  six JVMs           ${s(floor.jvmCpu)} CPU-s`,
    `  together           ${s(floor.whole)} s  (JVMs spread over all cores)`,
    ...goals.map(goalLine),
  ].join('\n');
}

function phaseRows({ script, warm, cold }: Summary['phases']): string[] {
  const names = [...new Set([...Object.keys(cold), ...Object.keys(warm), ...Object.keys(script)])];
  const cell = (phases: Phases, name: string): string => (phases[name] === undefined ? '      -' : s(phases[name]));
  return [
    `  ${''.padEnd(20)}  script    warm    cold`,
    ...names.map((name) => `  ${name.padEnd(20)} ${cell(script, name)} ${cell(warm, name)} ${cell(cold, name)}`),
  ];
}
