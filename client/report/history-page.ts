/** All drills of a cluster as a page: what is worse than usual first, then the trend of each scenario drawn. */
import { sparkline, type HistoryRow, type Trend } from '../../core/drills/history.js';
import { escape, htmlTable, moment, page } from './page.js';
import { seconds, TREND_KEY, trendDrawing } from './trend.js';

export async function historyPage(cluster: string, trends: readonly Trend[]): Promise<string> {
  const title = `Drills of ${cluster}`;
  const heading = `<h1>${escape(title)}</h1>`;
  if (trends.length === 0) return page(title, `${heading}<p>No drill of this cluster has left a record here.</p>`);
  const parts = await Promise.all(trends.map(trendPart));
  return page(title, [heading, ...trends.map(note), summary(trends), ...parts].join('\n'));
}

const note = ({ scenario, regression }: Trend): string =>
  regression === null ? '' : `<p class="note"><b>${escape(scenario)}</b>: Regression: ${escape(regression)}</p>`;

const STYLES: Record<HistoryRow['verdict'], string> = {
  passed: 'held',
  failed: 'broken',
  inconclusive: 'unknown',
  skipped: 'soft',
};
const word = (verdict: HistoryRow['verdict']): string => `<span class="${STYLES[verdict]}">${verdict}</span>`;

function summary(trends: readonly Trend[]): string {
  const count = ({ rows }: Trend, verdict: HistoryRow['verdict']): string =>
    String(rows.filter((row) => row.verdict === verdict).length);
  const rows = trends.map((trend) => {
    const last = trend.rows.at(-1);
    return [
      `<a href="#${escape(trend.scenario)}">${escape(trend.scenario)}</a>`,
      count(trend, 'passed'),
      count(trend, 'failed'),
      count(trend, 'inconclusive'),
      count(trend, 'skipped'),
      last === undefined ? '' : `<span class="whole">${word(last.verdict)} ${moment(last.startedAt)}</span>`,
      seconds(last?.rtoSeconds ?? null),
      seconds(trend.medianSeconds),
      seconds(trend.maxSeconds),
      `<span class="spark">${sparkline(trend.rows.slice(-20).map(({ rtoSeconds }) => rtoSeconds))}</span>`,
    ];
  });
  const head = [
    'Scenario',
    'Passed',
    'Failed',
    'Inconclusive',
    'Skipped',
    'Last, UTC',
    'RTO',
    'Median',
    'Longest',
    'Last 20',
  ];
  return htmlTable(head, rows, [1, 2, 3, 4, 6, 7, 8]);
}

/** More are folded: the newest are what is looked for. */
const SHOWN = 10;

async function trendPart(trend: Trend): Promise<string> {
  const drawing = await trendDrawing(trend);
  const drawn =
    drawing === null ? '<p class="soft">Fewer than two drills have an RTO to compare.</p>' : `${drawing}${TREND_KEY}`;
  const rows = trend.rows.toReversed();
  const earlier = rows.slice(SHOWN);
  const folded =
    earlier.length === 0 ? '' : `<details><summary>${earlier.length} earlier</summary>${drillTable(earlier)}</details>`;
  return [
    `<h2 id="${escape(trend.scenario)}">${escape(trend.scenario)}</h2>`,
    drawn,
    drillTable(rows.slice(0, SHOWN)),
    folded,
  ].join('\n');
}

const drillTable = (rows: readonly HistoryRow[]): string =>
  htmlTable(
    ['When, UTC', 'Verdict', 'RTO', 'Lost', 'Duplicated', 'Why', 'Drill'],
    rows.map(({ startedAt, verdict, rtoSeconds, lost, duplicated, reason, drill }) => [
      `<span class="whole">${moment(startedAt)}</span>`,
      word(verdict),
      seconds(rtoSeconds),
      String(lost ?? '–'),
      String(duplicated ?? '–'),
      escape(reason),
      `<code>${escape(drill)}</code>`,
    ]),
    [2, 3, 4],
  );
