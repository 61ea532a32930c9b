/** What many drills measured, as tables and a drawn distribution. Pure. */
import type { DrillRecord } from '../core/drills/record.js';
import { median } from './report.js';

export interface Series {
  name: string;
  /** Broker RTO of each kill, s; those that never came back are not in it. */
  rto: number[];
  kills: number;
  acknowledged: number;
  lost: number;
  duplicated: number;
  unknown: number;
  /** Longest silence of producers and of consumers, s. */
  producerMax: number;
  consumerMax: number;
  verdicts: string[];
}

export function seriesOf(name: string, records: readonly DrillRecord[]): Series {
  const injections = records.flatMap((record) => record.injections);
  const flows = records.flatMap(({ ledger }) => ledger?.flows ?? []);
  const sum = (pick: (total: NonNullable<DrillRecord['ledger']>['total']) => number): number =>
    records.reduce((all, { ledger }) => all + (ledger === null ? 0 : pick(ledger.total)), 0);
  const longest = (silences: ({ from: number; to: number } | null)[]): number =>
    Math.max(0, ...silences.map((silence) => (silence === null ? 0 : (silence.to - silence.from) / 1000)));
  return {
    name,
    rto: injections.flatMap(({ brokerRtoSeconds }) => brokerRtoSeconds ?? []),
    kills: injections.length,
    acknowledged: sum(({ acknowledged }) => acknowledged),
    lost: sum(({ lost }) => lost),
    duplicated: sum(({ duplicated }) => duplicated),
    unknown: sum(({ unknown }) => unknown),
    producerMax: longest(flows.map(({ producerSilence }) => producerSilence)),
    consumerMax: longest(flows.map(({ consumerSilence }) => consumerSilence)),
    verdicts: records.map(({ verdict }) => verdict),
  };
}

const BAR = 40;
const seconds = (value: number): string => (Number.isFinite(value) ? value.toFixed(2) : '-');

/** A line a bucket of the same width; the widths are the same for all series, so that they can be compared. */
export function histogram(
  { rto }: Series,
  { from, width, buckets }: { from: number; width: number; buckets: number },
): string[] {
  const counts = Array.from({ length: buckets }, () => 0);
  for (const value of rto) {
    const bucket = Math.min(buckets - 1, Math.max(0, Math.floor((value - from) / width)));
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  const most = Math.max(1, ...counts);
  return counts.map((count, index) => {
    const edge = (from + index * width).toFixed(2).padStart(6);
    return `  ${edge} s ${'█'.repeat(Math.round((count / most) * BAR))}${count > 0 ? ` ${count}` : ''}`;
  });
}

export const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)] ?? NaN;

export function killsText(all: readonly Series[]): string {
  const rows = all.map(({ name, kills, rto, acknowledged, lost, duplicated, unknown, producerMax, consumerMax }) =>
    [
      name,
      String(kills),
      seconds(median(rto)),
      seconds(percentile(rto, 0.9)),
      seconds(Math.max(...rto)),
      seconds(producerMax),
      seconds(consumerMax),
      String(acknowledged),
      String(lost),
      String(duplicated),
      String(unknown),
    ].join(' | '),
  );
  const longest = Math.max(1, ...all.flatMap(({ rto }) => rto));
  const width = longest / 20;
  return [
    'lock poll | kills | broker RTO median, s | p90, s | max, s | producers’ longest, s | consumers’ longest, s | acknowledged | lost | duplicated | unknown',
    '--- | --- | --- | --- | --- | --- | --- | --- | --- | --- | ---',
    ...rows,
    ...all.flatMap((series) => [
      '',
      `RTO with a lock poll of ${series.name}`,
      ...histogram(series, { from: 0, width, buckets: 20 }),
    ]),
  ].join('\n');
}

export function scenariosText(all: readonly (Series & { topology: string })[]): string {
  const rows = all.map(({ name, topology, rto, lost, duplicated, verdicts, producerMax }) =>
    [
      name,
      topology,
      seconds(median(rto)),
      seconds(Math.max(...rto)),
      seconds(producerMax),
      String(lost),
      String(duplicated),
      [...new Set(verdicts)].join(', '),
    ].join(' | '),
  );
  return [
    'scenario | topology | broker RTO median, s | max, s | producers’ longest, s | lost | duplicated | verdict',
    '--- | --- | --- | --- | --- | --- | --- | ---',
    ...rows,
  ].join('\n');
}
