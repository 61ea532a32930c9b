import type { Command } from 'commander';
import { follow } from '../follow.js';
import { planText } from '../render.js';
import { openSession } from '../session.js';
import { openTerminal } from '../terminal.js';
import { topologyInput } from '../topology-argument.js';

export function addPlan(program: Command): void {
  program
    .command('plan')
    .description(
      'show the steps that deploy would run, each with its reason, and the diff of each changed file; changes nothing',
    )
    .argument('[topology]', 'a name that the worker knows, or a YAML or JSON file', 'ha-6')
    .option('--json', 'one JSON document on stdout')
    .action(async (topology: string, options: { json?: boolean }) => {
      const terminal = openTerminal(options.json ?? false);
      const input = await topologyInput(topology);
      const session = await openSession((line) => terminal.line(line));
      const output = await follow(await session.everbroker.plan(input), terminal);
      terminal.result(planText(output), output);
    });
}
