import { userInfo } from 'node:os';
import type { Command } from 'commander';
import type { DrillRecord } from '../../core/drills/record.js';
import { FAILURES } from '../../core/failure.js';
import { failedRecord } from '../records.js';
import { drillText } from '../render-drill.js';
import { follow } from '../follow.js';
import { scenarioInput } from '../topology-argument.js';
import { openSession } from '../session.js';
import { startedOf, tellDetached, tellStarted } from './started.js';
import { openTerminal } from '../terminal.js';
import { clusterInput } from '../topology-argument.js';

/** A drill that proved nothing is no failure, but a script must be able to tell it from one that passed. */
const NOTHING_PROVED = 11;

interface DrillOptions {
  json?: boolean;
  id?: string;
  detach?: boolean;
}

export function addDrill(program: Command): void {
  program
    .command('drill')
    .description(
      'break a cluster on purpose, measure what clients saw, heal it, and judge; exit code 10 when it failed',
    )
    .argument('[cluster]', 'name of a deployed cluster, or a topology file', 'ha-6')
    .argument('[scenario]', 'a scenario that the worker knows, or a YAML or JSON file', 'kill-master')
    .option('--id <workflow id>', 'id of the workflow')
    .option('--detach', 'start it and return; follow it in the Temporal UI')
    .option('--json', 'the record as one JSON document on stdout')
    .action(async (cluster: string, scenario: string, options: DrillOptions) => {
      const terminal = openTerminal(options.json ?? false);
      const input = { ...(await clusterInput(cluster)), ...(await scenarioInput(scenario)) };
      const session = await openSession((line) => terminal.line(line));
      const operation = await session.everbroker.drill(
        { ...input, startedBy: `${userInfo().username} at the command line` },
        options.id === undefined ? {} : { workflowId: options.id },
      );
      const started = startedOf(operation, session);
      if (options.detach) return tellDetached(started, terminal);
      const record = await follow(operation, terminal, () => tellStarted(started, terminal)).catch((error: unknown) => {
        const failed = failedRecord(error);
        if (failed === null) throw error;
        return failed;
      });
      terminal.result(drillText(record), record);
      process.exitCode = exitCodeOf(record);
    });
}

function exitCodeOf({ verdict, healed }: DrillRecord): number {
  if (!healed) return FAILURES.FaultNotHealed.exitCode;
  if (verdict === 'passed') return 0;
  return verdict === 'failed' ? FAILURES.DrillFailed.exitCode : NOTHING_PROVED;
}
