import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { officialRelease, type ProgramSource } from '../../../client/embedded/program-sources.js';
import { TEMPORAL_CLI, TEMPORAL_TEST_SERVER } from '../../../client/embedded/programs.js';
import { ensureTemporalCli, findTemporalCli } from '../../../client/embedded/temporal-cli.js';
import { EverbrokerError } from '../../../core/failure.js';

describe('the Temporal CLI', () => {
  let dir = '';
  let log: string[] = [];
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'everbroker-cli-'));
    log = [];
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  async function cli(path: string, version: string): Promise<string> {
    const file = join(dir, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `#!/bin/sh\necho "temporal version ${version} (Server 1.32.0, UI 2.54.1)"\n`);
    await chmod(file, 0o755);
    return file;
  }
  const options = (env: Record<string, string> = {}) => ({
    cacheDir: join(dir, 'cache'),
    log: (line: string) => void log.push(line),
    env: { HOME: join(dir, 'home'), PATH: join(dir, 'path'), ...env },
  });
  /** A source whose program is compiled here, as the Go toolchain's is. */
  const source = (name: string, give: (file: string) => Promise<unknown>): ProgramSource => ({
    name,
    prebuilt: false,
    fetch: async (_program, { directory }) => {
      const file = join(directory, 'temporal');
      await give(file);
      return file;
    },
  });
  const working = (file: string): Promise<void> => writeFile(file, '#!/bin/sh\necho "temporal version 1.9.1 (x)"\n');

  test('is looked for in TEMPORAL_CLI, on the PATH, in the cache, then in its usual places', async () => {
    const last = await cli('home/go/bin/temporal', '1.5.1');
    assert.equal(await findTemporalCli(options()), last);
    const usual = await cli('home/.temporalio/bin/temporal', '1.9.1');
    assert.equal(await findTemporalCli(options()), usual);
    const cached = await cli('cache/bin/temporal', '1.9.1');
    assert.equal(await findTemporalCli(options()), cached);
    const onPath = await cli('path/temporal', '1.9.1');
    assert.equal(await findTemporalCli(options()), onPath);
    const chosen = await cli('chosen', '1.9.1');
    assert.equal(await findTemporalCli(options({ TEMPORAL_CLI: chosen })), chosen);
  });

  test('is skipped with a line that says why where it is too old or broken', async () => {
    const old = await cli('path/temporal', '1.4.9');
    const broken = join(dir, 'cache/bin/temporal');
    await mkdir(dirname(broken), { recursive: true });
    await writeFile(broken, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    assert.equal(await findTemporalCli(options()), null);
    assert.match(log[0] ?? '', new RegExp(`${old} is not used: version 1.4 is older than 1.5`));
    assert.match(log[1] ?? '', /cache\/bin\/temporal is not used: `--version` said: nothing/);
  });

  test('that the user names in TEMPORAL_CLI is used or complained about, never passed over', async () => {
    await cli('path/temporal', '1.9.1');
    const chosen = { TEMPORAL_CLI: join(dir, 'nowhere') };
    await assert.rejects(ensureTemporalCli(options(chosen)), {
      type: 'InvalidInput',
      message: /TEMPORAL_CLI=.*nowhere/,
    });
  });

  test('is fetched from the first source that works, once for many who ask at once', async () => {
    let fetched = 0;
    const sources = [
      source('first', () => Promise.reject(new Error('no network'))),
      source('second', (file) => {
        fetched++;
        return working(file);
      }),
    ];
    const paths = await Promise.all([1, 2, 3].map(() => ensureTemporalCli({ ...options(), sources })));
    assert.deepEqual(new Set(paths), new Set([join(dir, 'cache/bin/temporal')]));
    assert.equal(fetched, 1);
    assert.deepEqual(await readdir(join(dir, 'cache/bin')), ['temporal']);
  });

  test('is not installed where what was fetched does not run, and every way that failed is told in one message', async () => {
    const sources = [
      source('first', () => Promise.reject(new Error('no network'))),
      source('second', (file) => writeFile(file, 'not a program')),
    ];
    await assert.rejects(ensureTemporalCli({ ...options(), sources }), (error) => {
      assert.ok(error instanceof EverbrokerError);
      assert.equal(error.type, 'ArtefactUnavailable');
      assert.match(error.message, /first: no network\n.*second: what it gave does not run here\nPut it on the PATH/);
      return true;
    });
    assert.deepEqual(await readdir(join(dir, 'cache/bin')), []);
  });

  test('that is prebuilt but has other bytes than the release is refused', async () => {
    const sources = [{ ...source('mirror', working), prebuilt: true }];
    await assert.rejects(ensureTemporalCli({ ...options(), sources }), {
      message: /mirror: SHA-256 is [0-9a-f]{64}, must be/,
    });
  });

  test('is taken out of the release’s archive, wherever in it the program lies', async (t) => {
    const server = createServer((request, response) => {
      if (request.url !== '/there.tar.gz') return void response.writeHead(404).end();
      const archive = pack();
      archive.entry({ name: 'LICENSE' }, 'text');
      archive.entry({ name: 'some-release/temporal-test-server' }, 'the program');
      archive.finalize();
      archive.pipe(createGzip()).pipe(response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    const url = `http://127.0.0.1:${address.port}`;
    const context = { directory: dir, log: () => undefined, signal: undefined };
    const there = { ...TEMPORAL_TEST_SERVER, archiveUrl: () => `${url}/there.tar.gz` };
    assert.equal(await readFile(await officialRelease.fetch(there, context), 'utf8'), 'the program');
    const gone = { ...TEMPORAL_CLI, archiveUrl: () => `${url}/gone.tar.gz` };
    await assert.rejects(officialRelease.fetch(gone, context), /gone.tar.gz: HTTP 404/);
  });
});
