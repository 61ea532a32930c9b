/** All drills of a cluster as a page: the trend of each scenario drawn. */
import type { HistoryRow, Trend } from '../../core/drills/history.js';
import { draw, frame, INK, yAxis } from './draw.js';
import { escape, htmlTable, page } from './page.js';

export async function historyPage(cluster: string, trends: readonly Trend[]): Promise<string> {
  const parts = await Promise.all(trends.map(trendPart));
  return page(`drills of ${cluster}`, `<h1>Drills of ${escape(cluster)}</h1>\n${parts.join('\n')}`);
}

async function trendPart({ scenario, rows, medianSeconds, regression }: Trend): Promise<string> {
  const svg = await draw(
    {
      grid: frame,
      xAxis: { type: 'category', data: rows.map((_, index) => String(index + 1)), axisLabel: { color: INK.soft } },
      yAxis: yAxis('RTO, s'),
      series: [
        {
          type: 'line',
          symbolSize: 8,
          lineStyle: { color: INK.one, width: 2 },
          data: rows.map(({ rtoSeconds, verdict }) => ({
            value: rtoSeconds ?? '-',
            itemStyle: { color: colour(verdict) },
          })),
          ...(medianSeconds === null
            ? {}
            : {
                markLine: {
                  symbol: 'none',
                  silent: true,
                  lineStyle: { color: INK.soft },
                  label: {
                    color: INK.soft,
                    formatter: `median ${medianSeconds.toFixed(1)} s`,
                    position: 'insideEndTop',
                  },
                  data: [{ yAxis: medianSeconds }],
                },
              }),
        },
      ],
    },
    { label: `RTO of ${scenario} over all drills`, height: 220 },
  );
  const table = htmlTable(
    ['', 'When', 'Verdict', 'RTO s', 'Lost', 'Duplicated', 'Why'],
    rows.map((row, index) => [
      String(index + 1),
      escape(new Date(row.startedAt).toISOString().slice(0, 16).replace('T', ' ')),
      `<span class="${row.verdict === 'passed' ? 'held' : row.verdict === 'failed' ? 'broken' : 'unknown'}">${row.verdict}</span>`,
      row.rtoSeconds === null ? '–' : row.rtoSeconds.toFixed(1),
      String(row.lost ?? '–'),
      String(row.duplicated ?? '–'),
      escape(row.reason),
    ]),
    [3, 4, 5],
  );
  const note = regression === null ? '' : `<p class="note">Regression: ${escape(regression)}</p>`;
  return `<h2>${escape(scenario)}</h2>${note}${svg}${table}`;
}

const colour = (verdict: HistoryRow['verdict']): string =>
  verdict === 'passed' ? INK.good : verdict === 'failed' ? INK.bad : INK.warn;
