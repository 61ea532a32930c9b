/** Text that is no topology yet: sizes, YAML, and where in the text a problem is. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stringify } from 'yaml';
import { formatProblems, parseTopologyText } from '../../../core/topology/parse.js';
import type { Problem } from '../../../core/topology/parse.js';
import { aTopology } from '../../support/topologies.js';

const lines = (...text: string[]): string => text.join('\n');
const nested = (open: string, depth: number): string => open.repeat(depth);

/** Each level holds nine of the level below: 9^8 values from nine lines. */
const billionLaughs = lines(
  'a0: &a0 [x, x, x, x, x, x, x, x, x]',
  ...[1, 2, 3, 4, 5, 6, 7, 8].map(
    (n) =>
      `a${n}: &a${n} [${Array(9)
        .fill(`*a${n - 1}`)
        .join(', ')}]`,
  ),
);

const rows: { name: string; text: string; path: string; words: RegExp }[] = [
  { name: 'an empty text', text: '', path: 'my.yaml', words: /is empty/ },
  { name: 'a text of comments only', text: '# nothing\n\n', path: 'my.yaml', words: /is empty/ },
  { name: 'a list', text: '- version: 1', path: 'topology', words: /must be a mapping.*not a list/ },
  { name: 'a sentence', text: 'hello', path: 'topology', words: /must be a mapping.*"hello"/ },
  { name: 'a text above 1 MiB', text: `# ${'x'.repeat(1024 * 1024)}`, path: 'my.yaml', words: /larger than 1 MiB/ },
  { name: 'a text of 10 MB', text: 'a: b\n'.repeat(2_000_000), path: 'my.yaml', words: /larger than 1 MiB/ },
  {
    name: 'a text above 1 MiB only in bytes',
    text: `# ${'€'.repeat(400_000)}`,
    path: 'my.yaml',
    words: /larger than 1 MiB/,
  },
  { name: 'a bracket that stays open', text: 'version: 1\nhosts: {a: 1', path: 'my.yaml:2:13', words: /./ },
  { name: 'a tab as indentation', text: 'hosts:\n\ta: 1', path: 'my.yaml:2:1', words: /[Tt]ab/ },
  { name: 'a mapping after a value', text: 'name: a\n  b: c', path: 'my.yaml:1:7', words: /./ },
  { name: 'a key twice', text: 'version: 1\nname: a\nname: b', path: 'my.yaml:3:1', words: /key name stands twice/ },
  {
    name: 'a node twice',
    text: 'groups:\n  a:\n    nodes: { n: 1, n: 2 }',
    path: 'my.yaml:3:20',
    words: /key n stands twice/,
  },
  { name: 'a key that is a mapping', text: '? {a: 1}\n: 2', path: 'my.yaml:1:3', words: /strings/ },
  { name: 'two documents', text: 'version: 1\n---\nversion: 1', path: 'my.yaml:2:1', words: /multiple documents/ },
  { name: 'a tag', text: 'name: !!js/function x', path: 'my.yaml:1:7', words: /tag/ },
  { name: 'an alias without anchor', text: 'name: *nobody', path: 'my.yaml', words: /nobody/ },
  { name: 'a billion laughs', text: billionLaughs, path: 'my.yaml', words: /resource exhaustion/ },
  { name: 'an alias that holds itself', text: 'limits: &a { heap: *a }', path: 'limits.heap.heap', words: /not a key/ },
  { name: 'half a million brackets', text: nested('[', 500_000), path: 'my.yaml', words: /nested deeper/ },
  { name: 'dashes on one line', text: nested('- ', 300_000), path: 'my.yaml', words: /nested deeper/ },
  { name: 'question marks on one line', text: nested('? ', 300_000), path: 'my.yaml', words: /nested deeper/ },
  { name: 'keys on one line', text: nested('"a": ', 100_000), path: 'my.yaml', words: /nested deeper/ },
  {
    name: 'a thousand levels of indentation',
    text: Array.from({ length: 1000 }, (_, level) => `${' '.repeat(level)}a:`).join('\n'),
    path: 'my.yaml',
    words: /nested deeper/,
  },
  { name: 'not a number', text: 'limits: { storeMb: .nan }', path: 'limits.storeMb', words: /number.*NaN/ },
  { name: 'a number as text', text: 'limits: { storeMb: "64" }', path: 'limits.storeMb', words: /without quotes/ },
];

describe('text that is no topology is refused with its place:', () => {
  for (const { name, text, path, words } of rows) {
    test(name, () => {
      const result = parseTopologyText(text, { name: 'my.yaml' });
      assert.ok(!result.ok);
      const said = formatProblems(result.problems);
      assert.ok(
        result.problems.some((problem) => problem.path === path && words.test(told(problem))),
        said,
      );
    });
  }
});

const told = ({ message, suggestion = '' }: Problem): string => `${message} ${suggestion}`;

test('problems in YAML carry the line of the value that they are about', () => {
  const text = lines('version: 1', 'name: x', 'hosts: {}', 'groups: {}', '', 'bridges:', '  - name: b', '    form: a');
  const result = parseTopologyText(text);
  assert.ok(!result.ok);
  const form = result.problems.find(({ path }) => path === 'bridges[0].form');
  assert.deepEqual([form?.line, form?.suggestion], [8, 'did you mean from?']);
});

test('JSON is read like YAML, tabs included', () => {
  const result = parseTopologyText(JSON.stringify(aTopology(), null, '\t'));
  assert.ok(result.ok, result.ok ? '' : formatProblems(result.problems));
});

test('an anchor may share a network between hosts', () => {
  const tree = aTopology({ hosts: 2 });
  const text = stringify(tree)
    .replace(/network: &\w+/, 'network: &shared')
    .replace(/network: \*\w+/, 'network: *shared');
  assert.match(text, /\*shared/);
  assert.ok(parseTopologyText(text).ok);
});

test('thousands of wrong entries are cut short, and the rest is counted', () => {
  const text = `hosts:\n${Array.from({ length: 5000 }, (_, index) => `  h${index}: 1`).join('\n')}`;
  const result = parseTopologyText(text);
  assert.ok(!result.ok);
  assert.equal(result.problems.length, 501);
  assert.match(result.problems.at(-1)?.message ?? '', /4\d{3} more problems/);
  assert.match(formatProblems(result.problems), /… and 451 more$/);
});

test('a message is one line, whatever the text holds', () => {
  const result = parseTopologyText('version: "1\\n\\u001b[31m2"\nname: "a\\nb"');
  assert.ok(!result.ok);
  const said = formatProblems(result.problems);
  assert.equal(said.split('\n').length, result.problems.length);
  assert.doesNotMatch(said, /\u001b/);
});
