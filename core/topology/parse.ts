/** From what a person or a program wrote to a topology, or to everything that is wrong with it at once. Pure; never throws. */
import { completeDraft, salvage } from './draft.js';
import type { Draft } from './draft.js';
import { MAX_PROBLEMS } from './limits.js';
import { startsWith, toProblem } from './problem.js';
import type { Finding, ParseResult, Problem } from './problem.js';
import { findingsOf } from './rules.js';
import { schemaFindings } from './schema-problems.js';
import { topologySchema } from './schema.js';
import { readText } from './text.js';

export { formatProblems } from './problem.js';
export type { ParseResult, Problem } from './problem.js';

type LineOf = (at: Finding['at']) => number | undefined;

/** Parses a topology that is an object already. */
export const parseTopology = (input: unknown): ParseResult => parse(input);

/**
 * Parses a topology from YAML or JSON text; problems carry the line as well.
 * @param options.name What messages call the text, e.g. the file's name.
 */
export function parseTopologyText(text: string, { name = 'topology' }: { name?: string } = {}): ParseResult {
  const read = readText(text, name);
  return read.ok ? parse(read.value, read.lineOf) : { ok: false, type: 'InvalidInput', problems: read.problems };
}

function parse(input: unknown, lineOf?: LineOf): ParseResult {
  const said = (findings: Finding[]): Problem[] => findings.map((finding) => withLine(finding, lineOf));
  const parsed = topologySchema.safeParse(input);
  const wrong = schemaFindings(input);
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

function shortened(findings: Finding[]): Finding[] {
  if (findings.length <= MAX_PROBLEMS) return findings;
  const left = findings.length - MAX_PROBLEMS;
  return [...findings.slice(0, MAX_PROBLEMS), { at: [], message: `has ${left} more problems`, code: 'schema' }];
}

const warningsOf = (draft: Draft | undefined): Finding[] => (draft === undefined ? [] : findingsOf(draft, 'warning'));

/** A rule that speaks about a place where the schema found something speaks about a stand-in, not about the file. */
const apartFrom = (wrong: Finding[], findings: Finding[]): Finding[] =>
  findings.filter(({ at }) => !wrong.some((other) => startsWith(other.at, at) || startsWith(at, other.at)));

function withLine(finding: Finding, lineOf?: LineOf): Problem {
  const line = lineOf?.(finding.at);
  return { ...toProblem(finding), ...(line === undefined ? {} : { line }) };
}
