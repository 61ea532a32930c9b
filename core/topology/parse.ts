/** From what a person or a program wrote to a topology, or to everything that is wrong with it at once. Pure; never throws. */
import { completeDraft, salvage } from './draft.js';
import type { Draft } from './draft.js';
import { MAX_PROBLEMS } from './limits.js';
import { apartFrom, shortened, withLines, type LineOf } from './problem.js';
import type { Finding, ParseResult, Problem } from './problem.js';
import { findingsOf } from './rules.js';
import { namedAt, schemaFindings, type Named } from './schema-problems.js';
import { groupSchema, hostSchema, nodeSchema, topologySchema } from './schema.js';
import { readText } from './text.js';

export { formatProblems } from './problem.js';
export type { ParseResult, Problem } from './problem.js';

/** Parses a topology that is an object already. */
export const parseTopology = (input: unknown): ParseResult => parse(input);

/**
 * Parses a topology from YAML or JSON text; problems carry the line as well.
 * @param options.name What messages call the text, e.g. the file's name.
 */
export function parseTopologyText(text: string, { name = 'topology' }: { name?: string } = {}): ParseResult {
  const read = readText(text, { name, what: 'topology' });
  return read.ok ? parse(read.value, read.lineOf) : { ok: false, type: 'InvalidInput', problems: read.problems };
}

function parse(input: unknown, lineOf?: LineOf): ParseResult {
  const said = (findings: Finding[]): Problem[] => withLines(findings, { document: 'topology', lineOf });
  const parsed = topologySchema.safeParse(input);
  const wrong = schemaFindings(topologySchema, input, namesOf(input));
  if (wrong.length > MAX_PROBLEMS) return { ok: false, type: 'InvalidInput', problems: said(shortened(wrong)) };
  const draft = parsed.success ? completeDraft(parsed.data) : salvage(input);
  const broken = draft === undefined ? [] : apartFrom(wrong, findingsOf(draft, 'error'));
  const unsupported = draft === undefined ? [] : apartFrom(wrong, findingsOf(draft, 'unsupported'));

  const problems = [...wrong, ...broken, ...unsupported];
  if (!parsed.success || problems.length > 0) {
    const type = problems.length === unsupported.length ? 'NotSupportedYet' : 'InvalidInput';
    return { ok: false, type, problems: said(shortened(problems)) };
  }
  return { ok: true, topology: parsed.data, warnings: said(warningsOf(draft)) };
}

/** Hosts, groups and nodes. */
function namesOf(input: unknown): Named[] {
  const groups = namedAt(input, ['groups'], groupSchema);
  const nodes = groups.flatMap(({ at }) => namedAt(input, [...at, 'nodes'], nodeSchema));
  return [...namedAt(input, ['hosts'], hostSchema), ...groups, ...nodes];
}

const warningsOf = (draft: Draft | undefined): Finding[] => (draft === undefined ? [] : findingsOf(draft, 'warning'));
