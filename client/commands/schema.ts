import type { Command } from 'commander';
import { z } from 'zod';
import { INPUTS, OUTPUTS } from '../../core/contract.js';
import { EverbrokerError } from '../../core/failure.js';
import { drillRecordJsonSchema, scenarioJsonSchema } from '../../core/drills/json-schema.js';
import { topologyJsonSchema } from '../../core/topology/json-schema.js';
import { openTerminal } from '../terminal.js';

export function addSchema(program: Command): void {
  program
    .command('schema')
    .description(
      'JSON Schema of topology and scenario files (for editors), of a drill’s record, or of a workflow’s input and output',
    )
    .argument('[of]', `topology, scenario, record, or ${Object.keys(INPUTS).join(', ')}`, 'topology')
    .option('--json', 'the same: a schema is JSON')
    .action((of: string) => {
      const schema = schemaOf(of);
      openTerminal(false).result(JSON.stringify(schema, null, 2), schema);
    });
}

function schemaOf(of: string): unknown {
  if (of === 'topology') return topologyJsonSchema();
  if (of === 'scenario') return scenarioJsonSchema();
  if (of === 'record') return drillRecordJsonSchema();
  if (!isWorkflow(of))
    throw new EverbrokerError(
      'InvalidInput',
      `no schema "${of}"; there are topology, scenario, record, ${Object.keys(INPUTS).join(', ')}`,
    );
  return { input: z.toJSONSchema(INPUTS[of], { io: 'input' }), output: z.toJSONSchema(OUTPUTS[of]) };
}

const isWorkflow = (name: string): name is keyof typeof INPUTS => Object.hasOwn(INPUTS, name);
