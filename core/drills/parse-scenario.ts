/** From what a person or a program wrote to a scenario, or to everything that is wrong with it at once. Pure; never throws. */
import { apartFrom, shortened, withLines, type LineOf, type Problem } from '../topology/problem.js';
import { schemaFindings } from '../topology/schema-problems.js';
import { readText } from '../topology/text.js';
import { salvageScenario, scenarioFindings } from './scenario-rules.js';
import { scenarioSchema, type Scenario } from './scenario.js';

export type ScenarioResult = { ok: true; scenario: Scenario } | { ok: false; problems: Problem[] };

/** Parses a scenario that is an object already. */
export const parseScenario = (input: unknown): ScenarioResult => parse(input);

/**
 * Parses a scenario from YAML or JSON text; problems carry the line as well.
 * @param options.name What messages call the text, e.g. the file's name.
 */
export function parseScenarioText(text: string, { name = 'scenario' }: { name?: string } = {}): ScenarioResult {
  const read = readText(text, { name, what: 'scenario' });
  return read.ok ? parse(read.value, read.lineOf) : { ok: false, problems: read.problems };
}

function parse(input: unknown, lineOf?: LineOf): ScenarioResult {
  const parsed = scenarioSchema.safeParse(input);
  const wrong = schemaFindings(scenarioSchema, input);
  const findings = [...wrong, ...apartFrom(wrong, scenarioFindings(salvageScenario(input)))];
  if (parsed.success && findings.length === 0) return { ok: true, scenario: parsed.data };
  return { ok: false, problems: withLines(shortened(findings), { document: 'scenario', lineOf }) };
}
