/** All drills of a cluster over time, and whether the last one was worse than usual. Pure. */
import type { DrillRecord } from './record.js';

export interface HistoryRow {
  drill: string;
  scenario: string;
  startedAt: number;
  verdict: DrillRecord['verdict'];
  /** What clients felt, or else what was seen of the brokers, seconds; null where neither was measured. */
  rtoSeconds: number | null;
  lost: number | null;
  duplicated: number | null;
  reason: string;
}

export interface Trend {
  scenario: string;
  rows: HistoryRow[];
  /** Of all but the last that passed; null with fewer than three. */
  medianSeconds: number | null;
  maxSeconds: number | null;
  /** In one sentence, when the last one was clearly slower than usual, or did not pass while an earlier one did. */
  regression: string | null;
}

/** Two drills differ by so much without anything being wrong: lock polls and a busy machine. */
const CLEARLY = 1.5;
const AT_LEAST_SECONDS = 1;
const ENOUGH = 3;

function rowOf(record: DrillRecord): HistoryRow {
  const measured = (name: string): number | null =>
    record.hypotheses.find((hypothesis) => hypothesis.name === name)?.measured ?? null;
  return {
    drill: record.drill,
    scenario: scenarioOf(record),
    startedAt: record.startedAt,
    verdict: record.verdict,
    rtoSeconds: measured('producerRtoSeconds') ?? measured('brokerRtoSeconds'),
    lost: record.ledger?.total.lost ?? null,
    duplicated: record.ledger?.total.duplicated ?? null,
    reason: record.reason,
  };
}

export function scenarioOf({ scenario }: Pick<DrillRecord, 'scenario'>): string {
  const name = scenario['name'];
  return typeof name === 'string' ? name : '?';
}

/** By scenario, as they appear first; the rows in the order of time. */
export function trendsOf(records: readonly DrillRecord[]): Trend[] {
  const rows = records.map(rowOf).sort((a, b) => a.startedAt - b.startedAt);
  return [...new Set(rows.map(({ scenario }) => scenario))].map((scenario) =>
    trendOf(
      scenario,
      rows.filter((row) => row.scenario === scenario),
    ),
  );
}

function trendOf(scenario: string, rows: HistoryRow[]): Trend {
  const run = rows.filter(({ verdict }) => verdict !== 'skipped');
  const before = run
    .slice(0, -1)
    .flatMap(({ verdict, rtoSeconds }) => (verdict === 'passed' && rtoSeconds !== null ? [rtoSeconds] : []));
  const median = before.length < ENOUGH ? null : medianOf(before);
  const all = run.flatMap(({ rtoSeconds }) => (rtoSeconds === null ? [] : [rtoSeconds]));
  return {
    scenario,
    rows,
    medianSeconds: median,
    maxSeconds: all.length === 0 ? null : Math.max(...all),
    regression: regressionOf(run, median),
  };
}

function regressionOf(run: readonly HistoryRow[], median: number | null): string | null {
  const last = run.at(-1);
  if (last === undefined) return null;
  const since = run.findLastIndex(({ verdict }) => verdict === 'passed') + 1;
  // Where none ever passed, nothing became worse.
  if (since > 0 && since < run.length) {
    const count = run.length - since;
    return count === 1
      ? `the last drill is ${last.verdict}, the one before it passed: ${last.reason}`
      : `none of the last ${count} drills passed; the last is ${last.verdict}: ${last.reason}`;
  }
  const { rtoSeconds } = last;
  if (median === null || rtoSeconds === null) return null;
  if (rtoSeconds < median * CLEARLY || rtoSeconds < median + AT_LEAST_SECONDS) return null;
  return `the last RTO of ${rtoSeconds.toFixed(1)} s is ${(rtoSeconds / median).toFixed(1)} times the median of ${median.toFixed(1)} s`;
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

const BARS = '▁▂▃▄▅▆▇█';

/** A bar a value, from nothing to the largest; a dot where nothing was measured. */
export function sparkline(values: readonly (number | null)[]): string {
  const most = Math.max(0, ...values.flatMap((value) => (value === null ? [] : [value])));
  return values
    .map((value) => {
      if (value === null) return '·';
      return BARS[most === 0 ? 0 : Math.min(BARS.length - 1, Math.floor((value / most) * BARS.length))] ?? '';
    })
    .join('');
}
