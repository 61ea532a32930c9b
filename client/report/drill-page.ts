/** The record of a drill as a page. */
import { scenarioOf } from '../../core/drills/history.js';
import type { DrillRecord, Hypothesis } from '../../core/drills/record.js';
import { escape, htmlTable, page } from './page.js';
import { timeline } from './timeline.js';

export async function drillPage(record: DrillRecord): Promise<string> {
  const name = scenarioOf(record);
  const description = record.scenario['description'];
  const body = [
    `<h1>${escape(name)} on ${escape(record.cluster)}</h1>`,
    `<p class="soft">${escape(new Date(record.startedAt).toISOString())} · ${escape(record.environment)} · started by ${escape(record.startedBy)} · ActiveMQ ${escape(record.versions.activemq)}</p>`,
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

function broken({ topology, injections }: DrillRecord): string {
  const hit = new Set(injections.flatMap(({ targets }) => targets));
  const hosts = new Map<string, string[]>();
  for (const [group, members] of Object.entries(topology.groups))
    for (const { node, host } of members) {
      const tag = hit.has(node) ? ' <span class="tag">hit</span>' : '';
      const line = `<span class="node">${escape(node)} <span class="soft">${escape(group)}</span>${tag}</span>`;
      hosts.set(host, [...(hosts.get(host) ?? []), line]);
    }
  const cards = [...hosts].map(
    ([host, nodes]) =>
      `<div class="host${hit.has(host) ? ' hit' : ''}"><b>${escape(host)}</b>${hit.has(host) ? ' <span class="tag">hit</span>' : ''}${nodes.join('')}</div>`,
  );
  const bridges = topology.bridges.map(({ from, to }) => `${escape(from)} – ${escape(to)}`).join(', ');
  const rows = injections.map((one) => [
    escape(one.kind),
    escape(one.targets.join(', ')),
    escape(one.detail),
    one.healedAt === null ? 'not healed' : `${number((one.healedAt - one.injectedAt) / 1000)} s`,
    escape(one.healedBy ?? '–'),
    number(one.brokerRtoSeconds),
    number(one.redundancyBackSeconds),
    number(one.bridgesBackSeconds),
  ]);
  const head = ['Fault', 'Target', 'Done', 'Held', 'Healed by', 'Broker RTO s', 'Redundancy s', 'Bridges s'];
  return `<div class="hosts">${cards.join('')}</div><p class="soft">Bridges: ${bridges || 'none'}</p>${injections.length === 0 ? '<p>Nothing was broken.</p>' : htmlTable(head, rows, [5, 6, 7])}`;
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
    escape(flow.flow),
    ...COUNTS.map((name) => String(flow[name])),
    flow.sendMs === null ? '–' : `${number(flow.sendMs.p50)} / ${number(flow.sendMs.p99)} / ${number(flow.sendMs.max)}`,
  ]);
  const total = ['<b>total</b>', ...COUNTS.map((name) => String(found.total[name])), ''];
  const numbers = COUNTS.map((_, index) => index + 1);
  return htmlTable(['Flow', ...COUNTS, 'send ms p50 / p99 / max'], [...rows, total], numbers);
}
