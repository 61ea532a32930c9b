import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stateLayout } from '../../core/state-layout.js';
import type { Topology } from '../../core/topology/topology.js';
import { System } from '../support/system.js';
import { testTemporalCli } from '../support/temporal-server.js';

const run = promisify(execFile);
const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
/** Temporal's Python SDK that the contract was proven with. */
const PYTHON_SDK = 'temporalio==1.35.0';

let system: System;
let topology: Topology;
before(async () => {
  system = await System.start();
  topology = await system.topology({ groups: 1, nodesPerGroup: 2 });
});
after(() => system.stop());

describe('the wire contract', () => {
  test('lets a Python service start a deployment, await it and read its progress', async () => {
    const python = await pythonWithSdk();
    const script = join(PROJECT, 'test/fixtures/deploy.py');
    const args = [script, system.address, 'from-python', JSON.stringify(topology)];
    const { stdout } = await run(python, args).catch((error: unknown) => {
      const { code, signal, stdout: out, stderr } = error as Record<string, unknown>;
      return assert.fail(`the script ended with ${String(code)} ${String(signal)}: ${String(out)} ${String(stderr)}`);
    });
    const said = JSON.parse(stdout) as {
      result: { outcome: string; clientUrls: Record<string, string> };
      phase: string;
      steps: number;
    };
    assert.equal(said.result.outcome, 'deployed');
    assert.match(said.result.clientUrls.brokerA ?? '', /^failover:\(tcp:/);
    assert.equal(said.phase, 'deployed');
    assert.ok(said.steps > 5);
  });

  test('lets the temporal command start one under any id, and find nothing left to do', async () => {
    const input = JSON.stringify({ cluster: topology.name });
    const { stdout } = await temporal(
      'execute',
      '--type',
      'deployCluster',
      '--workflow-id',
      'any id/will:do',
      '--input',
      input,
    );
    const said = JSON.parse(stdout) as { status: string; result: { outcome: string } };
    assert.equal(said.status, 'COMPLETED');
    assert.equal(said.result.outcome, 'unchanged');
  });

  test('answers a wrong input at once with every problem in one message', async () => {
    const wrong = { ...topology, surplus: 1, bridges: [{ name: 'b', from: 'brokerA', to: 'nowhere' }] };
    const input = JSON.stringify({ topology: wrong });
    const failed = await temporal(
      'execute',
      '--type',
      'deployCluster',
      '--workflow-id',
      'wrong',
      '--input',
      input,
    ).then(
      () => assert.fail('a wrong topology was taken'),
      (error: unknown) => String((error as { stdout: string }).stdout),
    );
    assert.match(failed, /InvalidInput/);
    assert.match(failed, /surplus/);
    assert.match(failed, /bridges\[0\]\.to/);
  });

  test('gives typed start, progress and result to TypeScript', async () => {
    const operation = await system.everbroker.verify({ cluster: topology.name, messages: false });
    const output = await operation.result();
    assert.equal(output.verdict, 'passed');
    assert.equal((await operation.progress()).operation, 'verify');
  });
});

const temporal = async (...args: string[]): Promise<{ stdout: string }> =>
  run(await testTemporalCli(), [
    'workflow',
    ...args,
    '--task-queue',
    'everbroker',
    '--address',
    system.address,
    '-o',
    'json',
  ]);

/** A virtual environment in the cache, made once. */
async function pythonWithSdk(): Promise<string> {
  const directory = join(
    stateLayout(process.env, PROJECT.replace(/\/$/, '')).cache,
    `python-${PYTHON_SDK.replace(/\W+/g, '-')}`,
  );
  const python = join(directory, 'bin/python');
  const ready = join(directory, '.ready');
  if (
    await access(ready).then(
      () => true,
      () => false,
    )
  )
    return python;
  await run('python3', ['-m', 'venv', '--clear', directory]);
  await run(python, ['-m', 'pip', 'install', '--quiet', PYTHON_SDK], { timeout: 300_000 });
  await mkdir(ready);
  return python;
}
