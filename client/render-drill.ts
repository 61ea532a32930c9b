/** A drill's record as text for people. */
import type { DrillRecord, Hypothesis } from '../core/drills/record.js';
import { table } from './render.js';

const MARKS = new Map<boolean | null, string>([
  [true, '✔'],
  [false, '✖'],
  [null, '?'],
]);

export function drillText(record: DrillRecord): string {
  const { verdict, reason, cluster, drill, ledger, startedAt, endedAt } = record;
  const seconds = ((endedAt - startedAt) / 1000).toFixed(1);
  return [
    `${nameOf(record)} on ${cluster}: ${verdict.toUpperCase()} in ${seconds} s`,
    reason,
    ...record.injections.map(({ detail, healedBy }) => `  ${detail}; healed ${HEALERS[healedBy ?? 'nobody']}`),
    record.hypotheses.length === 0 ? '' : table(record.hypotheses.map(hypothesisRow)),
    ledger === null ? '' : ledgerText(ledger.total),
    record.healed ? '' : '✖ A FAULT WAS STILL FOUND AT THE END: look at the hosts at once',
    `report: npx everbroker report ${drill}`,
  ]
    .filter((line) => line !== '')
    .join('\n');
}

function nameOf({ scenario }: DrillRecord): string {
  const { name } = scenario;
  return typeof name === 'string' ? name : 'drill';
}

const HEALERS = {
  drill: 'by the drill',
  'dead-man timer': 'by its timer',
  'by itself': 'by itself',
  nobody: 'by nobody',
} as const;

const short = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(2));

const hypothesisRow = ({ name, tolerance, measured, held, detail }: Hypothesis): string[] => [
  `  ${MARKS.get(held) ?? '?'} ${name}`,
  measured === null ? '-' : short(measured),
  tolerance === null ? '' : `of ${tolerance}`,
  detail,
];

function ledgerText(total: NonNullable<DrillRecord['ledger']>['total']): string {
  const { acknowledged, delivered, lost, duplicated, unknown, recovered, stuck } = total;
  return `ledger: ${acknowledged} acknowledged, ${delivered} delivered, ${lost} lost, ${duplicated} duplicated, ${unknown} unknown (${recovered} recovered), ${stuck} stuck`;
}
