import type { Command } from 'commander';
import { FAILURES } from '../../core/failure.js';
import { follow } from '../follow.js';
import { verifyText } from '../render.js';
import { openSession } from '../session.js';
import { openTerminal } from '../terminal.js';
import { clusterInput } from '../topology-argument.js';

export function addVerify(program: Command): void {
  program
    .command('verify')
    .description('prove roles, configuration and bridges of a cluster, with messages; exit code 8 when a check fails')
    .argument('[cluster]', 'name of a deployed cluster, or a topology file', 'ha-6')
    .option('--no-messages', 'only look, send no messages')
    .option('--json', 'one JSON document on stdout')
    .action(async (cluster: string, options: { json?: boolean; messages: boolean }) => {
      const terminal = openTerminal(options.json ?? false);
      const input = await clusterInput(cluster);
      const session = await openSession((line) => terminal.line(line));
      const output = await follow(await session.everbroker.verify({ ...input, messages: options.messages }), terminal);
      terminal.result(verifyText(output), output);
      if (output.verdict === 'failed') process.exitCode = FAILURES.VerificationFailed.exitCode;
    });
}
