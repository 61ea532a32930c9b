/** A record as it was kept, from its text. Pure. */
import { EverbrokerError } from '../failure.js';
import { drillRecordSchema, type DrillRecord } from './record.js';

/** @throws EverbrokerError InvalidInput. `name`: what messages call the text. */
export function parseRecord(text: string, name: string): DrillRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new EverbrokerError('InvalidInput', `${name} is no record of a drill: it is not JSON`);
  }
  const parsed = drillRecordSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const detail = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`;
  throw new EverbrokerError('InvalidInput', `${name} is no record of a drill: ${detail}`);
}
