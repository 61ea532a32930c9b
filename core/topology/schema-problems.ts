/** What the schema finds, in words: zod's issues with the value that was written and with what was probably meant. */
import { z } from 'zod';
import { closest, didYouMean } from './closest.js';
import { clip } from './problem.js';
import type { Finding, Path } from './problem.js';

type Issue = z.core.$ZodIssue;
const CODE = 'schema';

/** More unknown keys in one place say nothing new. */
const MOST_UNKNOWN_KEYS = 20;

/** A value that stands under a name of its own, with the schema that it has to have. */
export interface Named {
  at: Path;
  name: string;
  value: unknown;
  schema: z.ZodType;
}

/**
 * Every problem that the schema sees in `input`, in the schema's order; one a path.
 * @param named What stands under names: looked at here, because zod passes over the values under a name that it refuses.
 */
export function schemaFindings(schema: z.ZodType, input: unknown, named: readonly Named[] = []): Finding[] {
  return oneAPath([...findingsOf(schema, input, []), ...hiddenFindings(named)]);
}

function findingsOf(schema: z.ZodType, input: unknown, start: Path): Finding[] {
  const result = schema.safeParse(input, { error: wording });
  return result.success ? [] : result.error.issues.flatMap((issue) => toFindings(issue, { schema, input, start }));
}

interface Place {
  schema: z.ZodType;
  input: unknown;
  start: Path;
}

function toFindings(issue: Issue, { schema, input, start }: Place): Finding[] {
  const inside = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  const at = [...start, ...inside];
  if (issue.code === 'unrecognized_keys') return unknownKeys(issue, { schema, input, inside, at });
  if (issue.code === 'invalid_key') {
    return [{ at, message: issue.issues[0]?.message ?? 'is no possible name', code: CODE }];
  }
  const value = valueAt(input, inside);
  if (value === undefined) return [{ at, message: `is missing${expected(issue)}`, code: CODE }];
  return [{ at, message: issue.message, ...suggestionFor(issue, value), code: CODE }];
}

function unknownKeys(
  issue: Extract<Issue, { code: 'unrecognized_keys' }>,
  { schema, input, inside, at }: { schema: z.ZodType; input: unknown; inside: Path; at: Path },
): Finding[] {
  const known = knownKeys(schema, inside, input);
  const findings: Finding[] = issue.keys.slice(0, MOST_UNKNOWN_KEYS).map((key) => ({
    at: [...at, key],
    message: 'is not a key of this format',
    ...(closest(key, known) === undefined
      ? { suggestion: `possible here: ${known.join(', ')}` }
      : didYouMean(key, known)),
    code: CODE,
  }));
  const left = issue.keys.length - findings.length;
  return left > 0 ? [...findings, { at, message: `has ${left} more unknown keys`, code: CODE }] : findings;
}

/** Words for what zod finds where the schema itself gives none. */
const wording: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return typeMessage(issue.expected, issue.input);
    case 'invalid_value':
      return `must be ${oneOf(issue.values)}, not ${shown(issue.input)}`;
    case 'invalid_union':
      return discriminatorMessage(issue.options, valueAt(issue.input, [issue.discriminator ?? 'kind']));
    case 'too_small':
      return `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${issue.origin === 'string' ? ' characters' : ''}`;
    default:
      return undefined;
  }
};

const KINDS: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping (key: value)',
  record: 'a mapping (name: …)',
  array: 'a list',
};

function typeMessage(wanted: string, input: unknown): string {
  return `must be ${KINDS[wanted] ?? wanted}, not ${shown(input)}`;
}

function discriminatorMessage(options: unknown, kind: unknown): string {
  const possible = Array.isArray(options) ? oneOf(options) : 'of a known kind';
  return `must be ${possible}, not ${shown(kind)}`;
}

const oneOf = (values: readonly unknown[]): string =>
  values.length > 1 ? `one of ${values.join(', ')}` : String(values[0]);

function expected(issue: Issue): string {
  if (issue.code === 'invalid_type') return ` (${KINDS[issue.expected] ?? issue.expected})`;
  if (issue.code === 'invalid_value') return ` (${oneOf(issue.values)})`;
  if (issue.code === 'invalid_union' && 'options' in issue && Array.isArray(issue.options))
    return ` (${oneOf(issue.options)})`;
  return '';
}

function suggestionFor(issue: Issue, value: unknown): { suggestion?: string } {
  if (issue.code === 'invalid_type') {
    const isNumber = issue.expected === 'number' || issue.expected === 'int';
    if (isNumber && typeof value === 'string' && /^\d+$/.test(value)) return { suggestion: 'write it without quotes' };
    if (issue.expected === 'string' && typeof value === 'number') return { suggestion: 'put it into quotes' };
  }
  if (typeof value !== 'string') return {};
  if (issue.code === 'invalid_value') return didYouMean(value, issue.values.map(String));
  if (issue.code === 'invalid_union' && 'options' in issue && Array.isArray(issue.options)) {
    return didYouMean(value, issue.options.map(String));
  }
  return {};
}

/** A value as a reader recognises it; big ones by their kind only. */
function shown(value: unknown): string {
  if (typeof value === 'string') return `the text "${clip(value)}"`;
  if (Array.isArray(value)) return 'a list';
  if (value === null) return 'null';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value === undefined ? 'nothing' : `a ${typeof value}`;
}

/** The keys that the schema has at a path of the input, asked from the schema itself. */
function knownKeys(whole: z.ZodType, inside: Path, input: unknown): string[] {
  let schema: unknown = whole;
  let value = input;
  for (const part of inside) {
    schema = inner(unwrapped(schema, value), part);
    value = valueAt(value, [part]);
  }
  const object = unwrapped(schema, value);
  return object instanceof z.ZodObject ? Object.keys(object.shape) : [];
}

function inner(schema: unknown, part: string | number): unknown {
  if (schema instanceof z.ZodRecord) return schema.valueType;
  if (schema instanceof z.ZodArray) return schema.element;
  return schema instanceof z.ZodObject ? schema.shape[part] : undefined;
}

/** Of a union the choice that the value names. */
function unwrapped(schema: unknown, value: unknown): unknown {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrapped(schema.unwrap(), value);
  }
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const { discriminator } = schema.def;
    const choice = valueAt(value, [discriminator]);
    return schema.options.find(
      (option) => option instanceof z.ZodObject && isLiteral(option.shape[discriminator], choice),
    );
  }
  return schema;
}

const isLiteral = (schema: unknown, value: unknown): boolean =>
  schema instanceof z.ZodLiteral && schema.safeParse(value).success;

/**
 * What zod passes over: the values under a name that is refused, and the name `__proto__`, which it skips. Both are looked at
 * here, so that one reading of the messages is enough to correct a file.
 */
function hiddenFindings(named: readonly Named[]): Finding[] {
  return named.flatMap(({ at, name, value, schema }) => {
    if (name === '__proto__') return [{ at, message: 'is no possible name', code: CODE }];
    return PLAUSIBLE_NAME.test(name) ? [] : findingsOf(schema, value, at);
  });
}

/** As in the schema; a name that passes has had its value checked by the schema already. */
const PLAUSIBLE_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,39}$/;

/** What stands under the names of a mapping. */
export function namedAt(input: unknown, at: Path, schema: z.ZodType): Named[] {
  const value = valueAt(input, at);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).map(([name, member]: [string, unknown]) => ({
    at: [...at, name],
    name,
    value: member,
    schema,
  }));
}

/** The value at a path, looking at own properties only. */
export function valueAt(input: unknown, at: Path): unknown {
  return at.reduce<unknown>((value, part) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    return Object.getOwnPropertyDescriptor(value, part)?.value;
  }, input);
}

function oneAPath(findings: Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ at }) => {
    const key = JSON.stringify(at);
    return !seen.has(key) && seen.add(key);
  });
}
