import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { sparkline, trendsOf, type Trend } from '../../core/drills/history.js';
import { recordsOfCluster } from '../records.js';
import { table } from '../render.js';
import { openStateDir } from '../state-dir.js';
import { openTerminal } from '../terminal.js';

export function addHistory(program: Command): void {
  program
    .command('history')
    .description('verdict and RTO of all drills of a cluster, and whether the last one was worse than usual')
    .argument('[cluster]', 'name of a cluster', 'ha-6')
    .option('--html <file>', 'write a page with the trends drawn')
    .option('--json', 'one JSON document on stdout')
    .action(async (cluster: string, options: { json?: boolean; html?: string }) => {
      const trends = trendsOf(await recordsOfCluster(await openStateDir(), cluster));
      const path = options.html === undefined ? null : resolve(options.html);
      if (path !== null) {
        const { historyPage } = await import('../report/history-page.js');
        await writeFile(path, await historyPage(cluster, trends));
      }
      const text =
        trends.length === 0 ? `no drill of ${cluster} has left a record here` : trends.map(trendText).join('\n\n');
      openTerminal(options.json ?? false).result(path === null ? text : `${text}\n\n${path}`, {
        cluster,
        trends,
        path,
      });
    });
}

function trendText({ scenario, rows, medianSeconds, regression }: Trend): string {
  const seconds = (value: number | null): string => (value === null ? '-' : `${value.toFixed(1)} s`);
  const lines = rows.map((row) => [
    new Date(row.startedAt).toISOString().slice(0, 16).replace('T', ' '),
    row.verdict,
    seconds(row.rtoSeconds),
    String(row.lost ?? '-'),
    row.drill,
  ]);
  const bars = sparkline(rows.map(({ rtoSeconds }) => rtoSeconds));
  const head = `${scenario}  ${bars}  median ${seconds(medianSeconds)}`;
  const note = regression === null ? '' : `\nregression: ${regression}`;
  return `${head}\n${table([['WHEN', 'VERDICT', 'RTO', 'LOST', 'DRILL'], ...lines])}${note}`;
}
