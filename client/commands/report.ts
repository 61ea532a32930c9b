import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { findRecord } from '../records.js';
import { openStateDir } from '../state-dir.js';
import { openTerminal } from '../terminal.js';

export function addReport(program: Command): void {
  program
    .command('report')
    .description('one HTML file about a drill: its timeline drawn, what was broken, ledger and verdict')
    .argument('<run>', 'id of a drill, of its workflow or of its run, or the file of a record')
    .option('--out <file>', 'where to write it; default drill-<id>.html here')
    .option('--json', 'one JSON document on stdout')
    .action(async (which: string, options: { json?: boolean; out?: string }) => {
      const record = await findRecord(await openStateDir(), which);
      const { drillPage } = await import('../report/drill-page.js');
      const path = resolve(options.out ?? `drill-${record.drill.replace(/[^A-Za-z0-9-]/g, '_')}.html`);
      await writeFile(path, await drillPage(record));
      openTerminal(options.json ?? false).result(`${record.verdict}: ${record.reason}\n${path}`, { path, record });
    });
}
