import assert from 'node:assert/strict';
import { mkdtemp, mkdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { cacheDir, openStateDir, stateDir } from '../../client/state-dir.js';

describe('the state directory', () => {
  test('is .everbroker in the working directory, with the cache in it', () => {
    assert.equal(stateDir({}, '/home/ann'), '/home/ann/.everbroker');
    assert.equal(cacheDir({}, '/home/ann'), '/home/ann/.everbroker/cache');
  });

  test('follows EVERBROKER_HOME and EVERBROKER_CACHE, made absolute', () => {
    const env = { EVERBROKER_HOME: 'state/', EVERBROKER_CACHE: '/var/cache/everbroker' };
    assert.equal(stateDir(env, '/srv'), '/srv/state');
    assert.equal(cacheDir(env, '/srv'), '/var/cache/everbroker');
  });

  test('takes an empty variable for one that is not set', () => {
    assert.equal(stateDir({ EVERBROKER_HOME: '' }, '/srv'), '/srv/.everbroker');
  });

  test('is closed to others, also where it was there before with a laxer mode', async (t) => {
    const cwd = await mkdtemp(join(tmpdir(), 'everbroker-state-'));
    t.after(() => rm(cwd, { recursive: true, force: true }));
    await mkdir(join(cwd, '.everbroker'), { mode: 0o755 });
    const state = await openStateDir({}, cwd);
    assert.equal((await stat(state.home)).mode & 0o777, 0o700);
    assert.equal((await stat(state.secrets)).mode & 0o777, 0o700);
    assert.ok((await stat(state.cache)).isDirectory());
  });
});
