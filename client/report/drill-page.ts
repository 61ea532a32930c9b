/** The record of a drill as a page. */
import { scenarioOf } from '../../core/drills/history.js';
import type { DrillRecord, Hypothesis } from '../../core/drills/record.js';
import { escape, htmlTable, moment, page } from './page.js';
import { timeline } from './timeline.js';
import { clusterDrawing } from './topology/drawing.js';

export async function drillPage(record: DrillRecord): Promise<string> {
  const name = scenarioOf(record);
  const description = record.scenario['description'];
  const body = [
    `<h1>${escape(name)} on ${escape(record.cluster)}</h1>`,
    `<p class="soft">${moment(record.startedAt)} UTC · ${escape(record.environment)} · started by ${escape(record.startedBy)} · ActiveMQ ${escape(record.versions.activemq)}</p>`,
    typeof description === 'string' ? `<p>${escape(description)}</p>` : '',
    `<p><span class="verdict ${record.verdict}">${record.verdict}</span> ${escape(record.reason)}</p>`,
    `<h2>Timeline</h2>${await timeline(record)}`,
    `<h2>Verdict</h2>${hypotheses(record.hypotheses)}`,
    `<h2>What was broken</h2>${broken(record)}`,
    `<h2>Ledger</h2>${ledger(record)}`,
    `<details><summary>Scenario, phases and ids</summary><pre>${escape(JSON.stringify({ drill: record.drill, workflowId: record.workflowId, topologyHash: record.topologyHash, versions: record.versions, phases: record.phases, scenario: record.scenario }, null, 2))}</pre></details>`,
  ];
  return page(`${name} on ${record.cluster}: ${record.verdict}`, body.join('\n'));
}

const number = (value: number | null): string => (value === null ? '–' : String(Math.round(value * 100) / 100));

function hypotheses(list: readonly Hypothesis[]): string {
  const words = { true: ['held', 'held'], false: ['broken', 'broken'], null: ['unknown', 'not measured'] } as const;
  return htmlTable(
    ['Hypothesis', 'Tolerance', 'Measured', '', 'Detail'],
    list.map(({ name, tolerance, measured, held, detail }) => {
      const [style, word] = words[String(held) as keyof typeof words];
      return [
        escape(name),
        number(tolerance),
        number(measured),
        `<span class="${style}">${word}</span>`,
        escape(detail),
      ];
    }),
    [1, 2],
  );
}

function broken(record: DrillRecord): string {
  const { injections } = record;
  const rows = injections.map((one, index) => [
    String(index + 1),
    escape(one.kind),
    escape(one.targets.join(', ')),
    escape(one.detail),
    one.healedAt === null ? 'not healed' : `${number((one.healedAt - one.injectedAt) / 1000)} s`,
    escape(one.healedBy ?? '–'),
    number(one.brokerRtoSeconds),
    number(one.redundancyBackSeconds),
    number(one.bridgesBackSeconds),
  ]);
  const head = ['', 'Fault', 'Target', 'Done', 'Held', 'Healed by', 'Broker RTO s', 'Redundancy s', 'Bridges s'];
  const table = injections.length === 0 ? '<p>Nothing was broken.</p>' : htmlTable(head, rows, [6, 7, 8]);
  return `${clusterDrawing(record)}${table}`;
}

const COUNTS = [
  'sent',
  'acknowledged',
  'failed',
  'unknown',
  'delivered',
  'lost',
  'duplicated',
  'recovered',
  'unexpected',
  'stuck',
  'reordered',
] as const;

function ledger({ ledger: found }: DrillRecord): string {
  if (found === null) return '<p>There is none.</p>';
  const rows = found.flows.map((flow) => [
    `<span class="whole">${escape(flow.flow)}</span>`,
    ...COUNTS.map((name) => String(flow[name])),
    flow.sendMs === null ? '–' : `${number(flow.sendMs.p50)} / ${number(flow.sendMs.p99)} / ${number(flow.sendMs.max)}`,
  ]);
  const total = ['<b>total</b>', ...COUNTS.map((name) => String(found.total[name])), ''];
  const numbers = COUNTS.map((_, index) => index + 1);
  return htmlTable(['Flow', ...COUNTS, 'send ms p50 / p99 / max'], [...rows, total], numbers);
}
