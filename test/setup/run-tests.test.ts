import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const reporter = resolve('setup/tap-with-failures.mjs');
const HEAD = `import { before, describe, test } from 'node:test';\n`;

function reportOf(source: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'everbroker-report-'));
  try {
    const file = join(directory, 'some.test.mjs');
    writeFileSync(file, HEAD + source);
    const env = { ...process.env };
    delete env['NODE_TEST_CONTEXT'];
    return spawnSync(process.execPath, ['--test', `--test-reporter=${reporter}`, file], { encoding: 'utf8', env })
      .stdout;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('a failed run says once more what failed and why, right before its count', () => {
  const report = reportOf(`
    test('adds up', () => { throw new Error('one is not two'); });
    describe('a suite', () => {
      before(() => { throw new Error('no room'); });
      test('never begins', () => undefined);
    });
    describe('another', () => { test('takes part', () => { throw new Error('no part'); }); });`);
  const end = report.slice(report.indexOf('# failed: 3\n'), report.indexOf('# tests 3'));
  assert.match(end, /✖ adds up \(.*some\.test\.mjs\)\n# {3}Error: one is not two\n/);
  assert.match(end, /✖ a suite \(.*\n# {3}Error: no room\n/);
  assert.match(end, /✖ takes part \(.*\n# {3}Error: no part\n/);
  assert.doesNotMatch(end, /never begins|✖ another/);
});

test('a run that passes ends with its count alone', () => {
  const report = reportOf(`test('adds up', () => undefined);`);
  assert.doesNotMatch(report, /# failed/);
  assert.match(report, /# pass 1\n/);
});
