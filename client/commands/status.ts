import type { Command } from 'commander';
import type { StatusOutput } from '../../core/contract.js';
import { FAILURES } from '../../core/failure.js';
import { statusText } from '../render.js';
import { openSession, type Session } from '../session.js';
import { openTerminal } from '../terminal.js';
import { clusterInput } from '../topology-argument.js';

const WATCH_MS = 2000;

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('roles and health of every node as they are now; exit code 8 when unhealthy')
    .argument('[cluster]', 'name of a deployed cluster, or a topology file', 'ha-6')
    .option('--watch', `look again every ${WATCH_MS / 1000} s until interrupted`)
    .option('--json', 'one JSON document on stdout; with --watch one a line')
    .action(async (cluster: string, options: { json?: boolean; watch?: boolean }) => {
      const terminal = openTerminal(options.json ?? false);
      const input = await clusterInput(cluster);
      const session = await openSession((line) => terminal.line(line));
      for (;;) {
        const output = await look(session, input);
        if (options.watch && !terminal.json && process.stdout.isTTY) process.stdout.write('\u001b[2J\u001b[H');
        terminal.result(statusText(output), output);
        if (!options.watch) {
          if (!output.healthy) process.exitCode = FAILURES.VerificationFailed.exitCode;
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
      }
    });
}

const look = async (session: Session, input: Awaited<ReturnType<typeof clusterInput>>): Promise<StatusOutput> =>
  (await session.everbroker.status(input)).result();
