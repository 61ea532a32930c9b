/**
 * Writes the generated documents: schemas of topologies, scenarios and records, docs/topology.md, docs/contract.md,
 * docs/failures.md, docs/faults.md.
 * `--check` writes nothing, names what is out of date, and exits with 1.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { topologyJsonSchema } from '../core/topology/json-schema.js';
import { drillRecordJsonSchema, scenarioJsonSchema } from '../core/drills/json-schema.js';
import { contractReference, failuresReference } from './contract-reference.js';
import { faultReference } from './fault-reference.js';
import { topologyReference } from './topology-reference.js';

const root = new URL('../', import.meta.url);
const pathOf = (file: string): string => fileURLToPath(new URL(file, root));

const schema = topologyJsonSchema();
const example = await readFile(pathOf('topologies/ha-6.yaml'), 'utf8');
const documents: Record<string, string> = {
  'docs/topology.schema.json': JSON.stringify(schema),
  'docs/scenario.schema.json': JSON.stringify(scenarioJsonSchema()),
  'docs/drill-record.schema.json': JSON.stringify(drillRecordJsonSchema()),
  'docs/topology.md': topologyReference(schema, example),
  'docs/contract.md': contractReference(),
  'docs/failures.md': failuresReference(),
  'docs/faults.md': faultReference(),
};

const outdated: string[] = [];
for (const [file, text] of Object.entries(documents)) {
  const path = pathOf(file);
  const wanted = await format(text, { ...(await resolveConfig(path)), filepath: path });
  const present = await readFile(path, 'utf8').catch(() => undefined);
  if (present === wanted) continue;
  outdated.push(file);
  if (!process.argv.includes('--check')) await writeFile(path, wanted);
}

if (process.argv.includes('--check') && outdated.length > 0) {
  process.stderr.write(`out of date: ${outdated.join(', ')}; run setup/generate-docs.ts\n`);
  process.exitCode = 1;
}
