import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { withLock } from '../../artefacts/lock.js';
import { temporaryDirectory } from './archives.js';

const DEAD_PID = spawnSync('true').pid;
const LONG_AGO = new Date(0);

describe('a lock', () => {
  test('lets one work at a time, and goes when the work fails', async (t) => {
    const directory = await temporaryDirectory(t);
    let inside = 0;
    const work = async () => {
      inside += 1;
      assert.equal(inside, 1);
      await new Promise(setImmediate);
      inside -= 1;
      throw new Error('failed');
    };
    const runs = await Promise.allSettled([1, 2, 3].map(() => withLock(join(directory, 'a'), work)));
    for (const run of runs) assert.match(String(run.status === 'rejected' && run.reason), /failed/);
    assert.deepEqual(await readdir(directory), []);
  });

  test('of a dead process, or of one that stopped refreshing it, is taken over by exactly one', async (t) => {
    const directory = await temporaryDirectory(t);
    const path = join(directory, 'a');
    const holders = { dead: { pid: DEAD_PID, host: hostname() }, stopped: { pid: 1, host: 'another-machine' } };
    for (const [name, holder] of Object.entries(holders)) {
      await writeFile(`${path}.lock`, JSON.stringify(holder));
      if (name === 'stopped') await utimes(`${path}.lock`, LONG_AGO, LONG_AGO);
      let inside = 0;
      const work = async () => {
        inside += 1;
        assert.equal(inside, 1, name);
        await new Promise((resolve) => setTimeout(resolve, 20));
        inside -= 1;
      };
      await Promise.all([1, 2, 3, 4].map(() => withLock(path, work)));
      assert.deepEqual(await readdir(directory), []);
    }
  });

  test('of another machine, or just being written, is waited for until the wait is aborted', async (t) => {
    const directory = await temporaryDirectory(t);
    const path = join(directory, 'a');
    for (const content of [JSON.stringify({ pid: DEAD_PID, host: 'another-machine' }), '']) {
      await writeFile(`${path}.lock`, content);
      const abort = new AbortController();
      let waits = 0;
      const waiting = () => void ((waits += 1) === 2 && abort.abort(new Error('enough')));
      const work = () => Promise.reject(new Error('worked'));
      await assert.rejects(withLock(path, work, { signal: abort.signal, waiting }), /enough|aborted/);
      assert.deepEqual(await readdir(directory), ['a.lock']);
    }
  });
});
