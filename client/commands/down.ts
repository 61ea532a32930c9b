import type { Command } from 'commander';
import { stopTemporalServer } from '../embedded/temporal-server.js';
import { stopWorker } from '../embedded/worker-process.js';
import { openStateDir } from '../state-dir.js';
import { openTerminal } from '../terminal.js';

export function addDown(program: Command): void {
  program
    .command('down')
    .description('stop the Temporal server and the worker that were started from this state directory; clusters stay')
    .option('--json', 'one JSON document on stdout')
    .action(async (options: { json?: boolean }) => {
      const terminal = openTerminal(options.json ?? false);
      const state = await openStateDir();
      const worker = await stopWorker(state);
      const temporal = await stopTemporalServer(state);
      const said = (name: string, stopped: boolean): string => `${name}: ${stopped ? 'stopped' : 'was not running'}`;
      terminal.result(`${said('worker', worker)}\n${said('Temporal server', temporal)}`, { worker, temporal });
    });
}
