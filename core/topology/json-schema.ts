/** The topology's JSON Schema, for editors and for programs in other languages. */
import { z } from 'zod';
import { topologySchema } from './schema.js';

/** Draft 7: what editors' YAML support reads. The input side: keys with a default may be left out. */
export function topologyJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(topologySchema, { io: 'input', target: 'draft-7' });
  return { $schema, title: 'Everbroker topology', ...schema };
}
