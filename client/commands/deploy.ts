import { Option, type Command } from 'commander';
import { follow } from '../follow.js';
import { deployText } from '../render.js';
import { openSession } from '../session.js';
import { startedOf, tellDetached, tellStarted } from './started.js';
import { openTerminal } from '../terminal.js';
import { topologyInput } from '../topology-argument.js';

interface DeployOptions {
  json?: boolean;
  onFailure: 'fail' | 'wait';
  rollback?: boolean;
  id?: string;
  detach?: boolean;
}

export function addDeploy(program: Command): void {
  program
    .command('deploy')
    .description('make a cluster as its topology says, and prove it; what is as wanted already is left alone')
    .argument('[topology]', 'a name that the worker knows, or a YAML or JSON file', 'ha-6')
    .addOption(
      new Option('--on-failure <what>', 'end, or wait for a decision (updates retryStep, skipStep, abort)')
        .choices(['fail', 'wait'])
        .default('fail'),
    )
    .option('--rollback', 'remove what this run created when it fails or is cancelled')
    .option('--id <workflow id>', 'id of the workflow')
    .option('--detach', 'start it and return; follow it in the Temporal UI')
    .option('--json', 'one JSON document on stdout, progress as JSON lines on stderr')
    .action(async (topology: string, options: DeployOptions) => {
      const terminal = openTerminal(options.json ?? false);
      const input = await topologyInput(topology);
      const session = await openSession((line) => terminal.line(line));
      const operation = await session.everbroker.deploy(
        { ...input, onFailure: options.onFailure, rollback: options.rollback ?? false },
        options.id === undefined ? {} : { workflowId: options.id },
      );
      const started = startedOf(operation, session);
      if (options.detach) return tellDetached(started, terminal);
      const output = await follow(operation, terminal, () => tellStarted(started, terminal));
      const credentials = `npx everbroker credentials ${output.cluster} (${session.state.home}/credentials/${output.cluster}.json)`;
      terminal.result(deployText(output, { credentials, ui: started.ui }), { ...output, ...started });
    });
}
