/** Text to plain data: YAML 1.2 (and so JSON), with bounds that hold before the parser runs. */
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, Node, ParsedNode } from 'yaml';
import { MAX_ALIASES, MAX_DEPTH, MAX_TEXT_BYTES } from './limits.js';
import { clip } from './problem.js';
import type { Path, Problem } from './problem.js';

export type TextResult =
  { ok: true; value: unknown; lineOf: (at: Path) => number | undefined } | { ok: false; problems: Problem[] };

/** One mistake in YAML makes more of them further down. */
const MAX_SHOWN = 20;

/**
 * @param name What the problems call the text: a file's name.
 * @param what What it is to be.
 */
export function readText(text: string, { name, what }: { name: string; what: 'topology' | 'scenario' }): TextResult {
  const refusal = sizeProblem(text) ?? depthProblem(text);
  if (refusal !== undefined)
    return { ok: false, problems: [{ path: name, message: `${refusal}, which no ${what} is`, code: 'text' }] };

  const lines = new LineCounter();
  const place = (offset: number): Pick<Problem, 'path' | 'line'> => {
    const { line, col } = lines.linePos(offset);
    return { path: `${name}:${line}:${col}`, line };
  };
  // Duplicate keys are looked for below: the library compares each key with each other one, which takes minutes for 1 MiB.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    uniqueKeys: false,
  });
  const problems: Problem[] = [...document.errors, ...document.warnings].slice(0, MAX_SHOWN).map((error) => ({
    ...place(error.pos[0]),
    message: clip(error.message, 200),
    code: 'yaml',
  }));
  for (const { key, offset } of duplicateKeys(document.contents).slice(0, MAX_SHOWN)) {
    const message = `the key ${clip(key)} stands twice in the same place`;
    problems.push({ ...place(offset), message, suggestion: 'remove one of them', code: 'yaml' });
  }
  if (problems.length > 0) return { ok: false, problems };
  return toData(document, { name, lines });
}

function toData(document: Document.Parsed, { name, lines }: { name: string; lines: LineCounter }): TextResult {
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    if (value === null || value === undefined) {
      return { ok: false, problems: [{ path: name, message: 'is empty', code: 'text' }] };
    }
    return { ok: true, value, lineOf: (at) => lineOf(document, at, lines) };
  } catch (error) {
    // toJS throws for aliases only: unknown ones, and those that would grow the text without bound.
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, problems: [{ path: name, message: clip(message, 200), code: 'yaml' }] };
  }
}

function sizeProblem(text: string): string | undefined {
  const tooLong = text.length > MAX_TEXT_BYTES || new TextEncoder().encode(text).length > MAX_TEXT_BYTES;
  return tooLong ? `is larger than ${MAX_TEXT_BYTES / 1024 / 1024} MiB` : undefined;
}

/**
 * Counts brackets, and outside of them indentation and the `- ? :` of one line. An estimate: brackets inside quotes are
 * counted too, which refuses a text with forty open brackets in a description, and that is no loss.
 */
function depthProblem(text: string): string | undefined {
  let brackets = 0;
  for (const line of text.split('\n')) {
    if (brackets === 0 && blockDepth(line) > MAX_DEPTH) return tooDeep;
    for (const char of line) {
      if (char === '[' || char === '{') brackets++;
      else if (char === ']' || char === '}') brackets = Math.max(0, brackets - 1);
      if (brackets > MAX_DEPTH) return tooDeep;
    }
  }
  return undefined;
}

/** How many collections a line outside of brackets can be in or open: those of its indentation, and its own. */
function blockDepth(line: string): number {
  const bare = line.replace(/"[^"]*"|'[^']*'/g, '').replace(/(^|\s)#.*$/, '');
  const [beforeBrackets = ''] = bare.split(/[[{]/);
  const opened = (beforeBrackets.match(/[-?:](?=\s|$)/g) ?? []).length;
  // Indentation beyond eight columns a level is no deep nesting yet, but nobody writes it either.
  return opened === 0 ? 0 : opened + Math.floor((line.length - line.trimStart().length) / 8);
}

const tooDeep = `is nested deeper than ${MAX_DEPTH} levels`;

function duplicateKeys(node: ParsedNode | null): { key: string; offset: number }[] {
  if (isSeq(node)) return node.items.flatMap((item) => duplicateKeys(item));
  if (!isMap(node)) return [];
  const seen = new Set<string>();
  return node.items.flatMap(({ key, value }) => {
    const text = isScalar(key) ? String(key.value) : '';
    const again = seen.has(text) ? [{ key: text, offset: key.range[0] }] : [];
    seen.add(text);
    return [...again, ...duplicateKeys(value)];
  });
}

/** Line of the deepest part of the path that stands in the text. */
function lineOf(document: Document.Parsed, at: Path, lines: LineCounter): number | undefined {
  let node: Node | null | undefined = document.contents;
  let offset: number | undefined = node?.range?.[0];
  for (const part of at) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === part);
      if (pair === undefined) break;
      offset = (isScalar(pair.key) ? pair.key.range?.[0] : undefined) ?? offset;
      node = pair.value as Node | null;
    } else if (isSeq(node) && typeof part === 'number') {
      node = node.items[part] as Node | undefined;
      offset = node?.range?.[0] ?? offset;
    } else break;
  }
  return offset === undefined ? undefined : lines.linePos(offset).line;
}
