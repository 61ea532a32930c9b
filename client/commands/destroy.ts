import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { EverbrokerError } from '../../core/failure.js';
import { follow } from '../follow.js';
import { destroyText } from '../render.js';
import { openSession } from '../session.js';
import { openTerminal, type Terminal } from '../terminal.js';
import { clusterInput, isFile, readTopologyFile } from '../topology-argument.js';

interface DestroyOptions {
  json?: boolean;
  yes?: boolean;
  deleteData?: boolean;
}

export function addDestroy(program: Command): void {
  program
    .command('destroy')
    .description('remove the containers and networks of a cluster; its data stays unless told otherwise')
    .argument('[cluster]', 'name of a deployed cluster, or a topology file', 'ha-6')
    .option('--delete-data', 'remove the stores, the credentials and the manifest as well, for good')
    .option('--yes', 'do not ask')
    .option('--json', 'one JSON document on stdout')
    .action(async (argument: string, options: DestroyOptions) => {
      const terminal = openTerminal(options.json ?? false);
      const name = isFile(argument) ? (await readTopologyFile(argument)).topology.name : argument;
      const deleteData = options.deleteData ?? false;
      if (!options.yes) await insistOnYes(terminal, name, deleteData);
      const input = await clusterInput(argument);
      const session = await openSession((line) => terminal.line(line));
      const operation = await session.everbroker.destroy({
        ...input,
        deleteData,
        ...(deleteData ? { confirm: name } : {}),
      });
      const output = await follow(operation, terminal);
      terminal.result(destroyText(output), output);
    });
}

/** @throws EverbrokerError Aborted unless the name is typed. */
async function insistOnYes(terminal: Terminal, name: string, deleteData: boolean): Promise<void> {
  if (terminal.json || !process.stdin.isTTY) {
    throw new EverbrokerError(
      'InvalidInput',
      `destroy ${name} asks for a confirmation: give --yes where nobody can be asked`,
    );
  }
  const what = deleteData
    ? 'its containers, networks AND ALL ITS MESSAGES'
    : 'its containers and networks (the data stays)';
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asking.question(`This removes ${what}. Type the cluster's name (${name}) to go on: `);
  asking.close();
  if (answer.trim() !== name) throw new EverbrokerError('Aborted', 'nothing was removed');
}
