/** JSON Schemas of scenarios and of the records of drills, for editors and for programs in other languages. */
import { z } from 'zod';
import { drillRecordSchema } from './record.js';
import { scenarioSchema } from './scenario.js';

/** Draft 7: what editors' YAML support reads. The input side: keys with a default may be left out. */
export function scenarioJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(scenarioSchema, { io: 'input', target: 'draft-7' });
  return { $schema, title: 'Everbroker scenario', ...schema };
}

export function drillRecordJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(drillRecordSchema, { target: 'draft-7' });
  return { $schema, title: 'Everbroker drill record', ...schema };
}
