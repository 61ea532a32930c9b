import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { withLock } from '../../../client/embedded/lock.js';
import { identify } from '../../../client/embedded/process-identity.js';

describe('the lock of the state directory', () => {
  let dir = '';
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'everbroker-lock-'));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  test('lets one at a time in, and leaves nothing behind', async () => {
    const path = join(dir, 'lock');
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      for (let i = 0; i < 20; i++) await turn();
      inside--;
    };
    await Promise.all([1, 2, 3, 4].map(() => withLock(path, work)));
    assert.equal(most, 1);
    assert.deepEqual(await readdir(dir), []);
  });

  test('of a process that died is broken, once, by many that wait for it', async () => {
    const path = join(dir, 'stale');
    await writeFile(path, JSON.stringify({ pid: process.pid, started: 'another start of this pid' }));
    let inside = 0;
    const work = async (): Promise<void> => {
      assert.equal(++inside, 1);
      for (let i = 0; i < 20; i++) await turn();
      inside--;
    };
    await Promise.all(Array.from({ length: 8 }, () => withLock(path, work)));
    assert.deepEqual(await readdir(dir), []);
  });

  test('of a process that lives is waited for until it is killed', async () => {
    const path = join(dir, 'held');
    const holder = spawn('sleep', ['600']);
    await writeFile(path, JSON.stringify(await identify(holder.pid ?? 0)));
    const abort = new AbortController();
    const waiting = withLock(path, async () => readFile(path, 'utf8'));
    const impatient = withLock(path, async () => 'never', abort.signal);
    abort.abort(new Error('no longer wanted'));
    await assert.rejects(impatient, /no longer wanted/);
    holder.kill('SIGKILL');
    assert.match(await waiting, new RegExp(`"pid":${process.pid}\\b`));
  });

  test('is released when the work fails', async () => {
    const path = join(dir, 'failing');
    await assert.rejects(
      withLock(path, () => Promise.reject(new Error('work failed'))),
      /work failed/,
    );
    assert.equal(await withLock(path, async () => 'next'), 'next');
  });
});
