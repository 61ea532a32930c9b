import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, test } from 'node:test';
import { endProcess, identify, isRunning, type ProcessIdentity } from '../../../client/embedded/process-identity.js';

describe('a process that Everbroker started', () => {
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  async function start(...argv: [string, ...string[]]): Promise<{ child: ChildProcess; identity: ProcessIdentity }> {
    const [program, ...rest] = argv;
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(child);
    await once(child, 'spawn');
    const identity = await identify(child.pid ?? 0);
    assert.ok(identity);
    return { child, identity };
  }

  test('is known again while it runs, and not after', async () => {
    const { child, identity } = await start('sleep', '600');
    assert.equal(await isRunning(identity), true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.equal(await isRunning(identity), false);
  });

  test('is ended gently where it obeys', async () => {
    const { identity } = await start('sleep', '600');
    assert.equal(await endProcess(identity, 10_000), 'ended');
    assert.equal(await endProcess(identity, 10_000), 'not running');
  });

  test('is killed where it does not', async () => {
    const { child, identity } = await start('sh', '-c', 'trap "" TERM; echo ready; exec sleep 600');
    assert.ok(child.stdout);
    await once(child.stdout, 'data');
    assert.equal(await endProcess(identity, 200), 'killed');
    assert.equal(await isRunning(identity), false);
  });

  test('is not taken for another process that has its pid now: that one is never signalled', async () => {
    const { child, identity } = await start('sleep', '600');
    const stale = { pid: identity.pid, started: 'an earlier start' };
    assert.equal(await isRunning(stale), false);
    assert.equal(await endProcess(stale, 1_000), 'not running');
    assert.equal(child.exitCode, null);
    assert.equal(child.signalCode, null);
    assert.equal(await isRunning(identity), true);
  });
});
