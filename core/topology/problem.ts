/** What is said about a topology or a scenario: each thing with the place it is about, a stable code, and a way out where one is known. */
import type { FailureType } from '../failure.js';
import { MAX_PROBLEMS } from './limits.js';
import type { Topology } from './schema.js';

export type Path = readonly (string | number)[];

export interface Problem {
  /** Where in the document: `groups.brokerA.nodes.mq1.openwire`; for text that is not YAML `name:line:column`. */
  path: string;
  message: string;
  /** What to write instead. */
  suggestion?: string;
  /** Stable id for programs: `schema`, `yaml`, `text`, or the id of a rule. */
  code: string;
  /** Line in the text, where it was read from text. */
  line?: number;
}

/** A problem before its path is spelt; `at` can be compared and looked up. */
export interface Finding {
  at: Path;
  message: string;
  suggestion?: string;
  code: string;
}

export type ParseResult =
  | { ok: true; topology: Topology; warnings: Problem[] }
  | { ok: false; type: Extract<FailureType, 'InvalidInput' | 'NotSupportedYet'>; problems: Problem[] };

const PLAIN_KEY = /^[A-Za-z0-9_-]{1,60}$/;

/** `['bridges', 0, 'to']` -> `bridges[0].to`; the whole document goes by its kind, `topology`. */
function pathText(at: Path, document: string): string {
  if (at.length === 0) return document;
  return at.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    if (!PLAIN_KEY.test(part)) return `${text}[${JSON.stringify(clip(part))}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

export type LineOf = (at: Path) => number | undefined;

/** Findings as problems, with the lines of the text where it was one. */
export function withLines(
  findings: readonly Finding[],
  { document, lineOf }: { document: 'topology' | 'scenario'; lineOf: LineOf | undefined },
): Problem[] {
  return findings.map(({ at, message, suggestion, code }) => {
    const line = lineOf?.(at);
    return {
      path: pathText(at, document),
      message,
      ...(suggestion === undefined ? {} : { suggestion }),
      code,
      ...(line === undefined ? {} : { line }),
    };
  });
}

export function shortened(findings: Finding[]): Finding[] {
  if (findings.length <= MAX_PROBLEMS) return findings;
  const left = findings.length - MAX_PROBLEMS;
  return [...findings.slice(0, MAX_PROBLEMS), { at: [], message: `has ${left} more problems`, code: 'schema' }];
}

/** A rule that speaks about a place where the schema found something speaks about a stand-in, not about the file. */
export const apartFrom = (wrong: readonly Finding[], findings: readonly Finding[]): Finding[] =>
  findings.filter(({ at }) => !wrong.some((other) => startsWith(other.at, at) || startsWith(at, other.at)));

const startsWith = (path: Path, start: Path): boolean => start.every((part, index) => path[index] === part);

/** Values from outside stand in messages; a message stays one line of a bearable length. */
export function clip(text: string, most = 60): string {
  const oneLine = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ');
  return oneLine.length > most ? `${oneLine.slice(0, most)}…` : oneLine;
}

/** As many as a person reads before starting to correct. */
const MOST_SHOWN = 50;

/** One readable message of several lines: `path (line n): message; suggestion`. */
export function formatProblems(problems: readonly Problem[]): string {
  const lines = problems.slice(0, MOST_SHOWN).map(({ path, line, message, suggestion }) => {
    const place = line === undefined ? path : `${path} (line ${line})`;
    return `  ${place}: ${message}${suggestion === undefined ? '' : ` — ${suggestion}`}`;
  });
  const left = problems.length - lines.length;
  if (left > 0) lines.push(`  … and ${left} more`);
  return lines.join('\n');
}
