import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { topologyJsonSchema } from '../../../core/topology/json-schema.js';
import { RULES } from '../../../core/topology/rules.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

test('the generated documents are those of the present schema and rules', async () => {
  const generator = ['--import', 'tsx', 'setup/generate-docs.ts', '--check'];
  await promisify(execFile)(process.execPath, generator, { cwd: root, timeout: 60_000 });
});

test('every key of the format is described', () => {
  assert.deepEqual(undescribed('topology', topologyJsonSchema()), []);
});

test('rules have ids of their own', () => {
  const ids = RULES.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
});

/** Paths of the properties without a description; `kind` only tells the choices of a union apart. */
function undescribed(path: string, schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]: [string, unknown]) => {
    const inside = undescribed(`${path}.${key}`, value);
    if (key !== 'properties' || typeof value !== 'object' || value === null) return inside;
    const missing = Object.entries(value)
      .filter(([name, property]: [string, unknown]) => name !== 'kind' && !hasDescription(property))
      .map(([name]) => `${path}.${name}`);
    return [...missing, ...inside];
  });
}

const hasDescription = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'description' in value && value.description !== '';
