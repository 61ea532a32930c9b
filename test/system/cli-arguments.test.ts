/** What the command line says before it reaches for anything: help, wrong arguments, wrong topologies. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { aTopology } from '../support/topologies.js';

const CLI = fileURLToPath(new URL('../../bin/everbroker.mjs', import.meta.url));
const COMMANDS = 'plan deploy verify status credentials destroy worker validate schema down'.split(' ');

let directory = '';
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'everbroker-arguments-'));
});
after(() => rm(directory, { recursive: true, force: true }));

async function everbroker(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const home = join(directory, 'home');
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: directory,
    env: { PATH: process.env['PATH'], EVERBROKER_HOME: home, TEMPORAL_ADDRESS: '127.0.0.1:1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

const failureIn = (
  stdout: string,
): { type: string; message: string; exitCode: number; details: { problems?: unknown[] } } =>
  (JSON.parse(stdout) as { error: never }).error;

describe('the command line', () => {
  test('explains itself and every command with --help', async () => {
    const all = await everbroker('--help');
    assert.equal(all.code, 0);
    for (const command of COMMANDS) assert.match(all.stdout, new RegExp(`^  ${command} `, 'm'));
    assert.match(all.stdout, / 8 {2}verification failed/);
    const each = await Promise.all(COMMANDS.map((command) => everbroker(command, '--help')));
    for (const [index, { code, stdout }] of each.entries()) {
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`^Usage: everbroker ${COMMANDS[index]} `));
      assert.match(stdout, /--json/);
    }
  });

  test('answers unknown commands and options with exit code 2 and the help; with --json also with a document', async () => {
    for (const args of [['deplo'], ['deploy', '--bogus'], ['deploy', '--on-failure', 'panic'], []]) {
      const { code, stdout, stderr } = await everbroker(...args);
      assert.equal(code, 2, args.join(' '));
      assert.equal(stdout, '');
      assert.match(stderr, /Usage: everbroker/);
    }
    assert.match((await everbroker('deplo')).stderr, /Did you mean deploy\?/);
    const { code, stdout } = await everbroker('status', '--bogus', '--json');
    assert.equal(code, 2);
    assert.match(failureIn(stdout).message, /unknown option '--bogus'/);
  });

  test('lists every problem of a topology, each with its path, and touches nothing', async () => {
    const wrong = aTopology();
    const path = join(directory, 'wrong.json');
    await writeFile(path, JSON.stringify({ ...wrong, name: 'No', colour: 'red', root: 'relative' }));
    for (const command of ['validate', 'plan', 'deploy', 'destroy']) {
      const { code, stdout, stderr } = await everbroker(command, path);
      assert.equal(code, 2, command);
      assert.equal(stdout, '');
      for (const problem of [/ name.*lower-case letter/, / root.*absolute path/, /colour/])
        assert.match(stderr, problem);
      assert.match(stderr, /→ Correct every problem listed; nothing was touched\./);
    }
    const { code, stdout } = await everbroker('deploy', path, '--json');
    assert.equal(code, 2);
    const failure = failureIn(stdout);
    assert.equal(failure.type, 'InvalidInput');
    assert.equal(failure.exitCode, 2);
    assert.equal(failure.details.problems?.length, 3);
    assert.deepEqual((await readdir(directory)).sort(), ['wrong.json']);
  });

  test('validates good topologies with their warnings, and gives schemas', async () => {
    const { code, stdout } = await everbroker('validate', 'ha-6', '--json');
    assert.equal(code, 0);
    const { valid, warnings, topology } = JSON.parse(stdout) as {
      valid: boolean;
      warnings: unknown[];
      topology: { name: string };
    };
    assert.deepEqual([valid, topology.name], [true, 'ha-6']);
    assert.ok(warnings.length > 0);
    const text = await everbroker('validate', 'ha-6-recipe');
    assert.match(text.stdout, /CVE-2023-46604/);
    assert.match(text.stdout, /ha-6-recipe is valid\n$/);
    const schema = JSON.parse((await everbroker('schema')).stdout) as { $schema: string };
    assert.match(schema.$schema, /json-schema\.org/);
    const contract = JSON.parse((await everbroker('schema', 'deployCluster', '--json')).stdout) as object;
    assert.deepEqual(Object.keys(contract), ['input', 'output']);
    assert.equal((await everbroker('schema', 'nothing')).code, 2);
    assert.equal((await everbroker('validate', 'nothing')).code, 2);
  });

  test('says what to do where no server answers, no cluster is known, or nobody can be asked', async () => {
    const unreachable = await everbroker('status', 'ha-6');
    assert.equal(unreachable.code, 5);
    assert.match(
      unreachable.stderr,
      /^TemporalUnreachable: Temporal at 127\.0\.0\.1:1 does not answer.*\n→ Start that/,
    );
    const unknown = await everbroker('credentials', 'nobody', '--json');
    assert.equal(unknown.code, 2);
    assert.equal(failureIn(unknown.stdout).type, 'ClusterUnknown');
    const asked = await everbroker('destroy', 'ha-6');
    assert.equal(asked.code, 2);
    assert.match(asked.stderr, /destroy ha-6 asks for a confirmation: give --yes/);
  });
});
