import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { openArtefactCache } from '../../artefacts/cache.js';
import { fetchDistribution } from '../../artefacts/distribution.js';
import { pinnedArchive } from '../../artefacts/pinned-archive.js';
import { aDistribution, sha512, temporaryDirectory } from './archives.js';
import { loopback, loopbackCache } from './loopback.js';

const FILE = randomBytes(300_000);
const run = promisify(execFile);

async function setUp(t: TestContext) {
  const server = await loopback({ files: { '/a.tar.gz': FILE } });
  t.after(server.close);
  const directory = await temporaryDirectory(t);
  const source = { kind: 'url' as const, url: server.url('/a.tar.gz'), sha512: sha512(FILE) };
  return { server, directory, cache: loopbackCache(directory), source };
}

describe('a cached archive', () => {
  test('is not fetched a second time', async (t) => {
    const { server, cache, source } = await setUp(t);
    const first = await pinnedArchive(cache, source, {});
    assert.deepEqual(await pinnedArchive(cache, source, {}), first);
    assert.equal(server.requests.length, 1);
  });

  test('is fetched once by several processes at once', async (t) => {
    const { server, directory, source } = await setUp(t);
    const script = new URL('fetch-in-child.ts', import.meta.url).pathname;
    const args = ['--import', 'tsx', script, directory, source.url, source.sha512];
    const runs = await Promise.all([1, 2, 3].map(() => run(process.execPath, args)));
    const paths = new Set(runs.map(({ stdout }) => stdout));
    assert.equal(paths.size, 1);
    assert.deepEqual(await readFile([...paths].join()), FILE);
    assert.equal(server.requests.length, 1);
    assert.equal((await readdir(directory)).length, 2, 'the file and its record');
  });

  test('is fetched once by several callers in one process', async (t) => {
    const { server, cache, source } = await setUp(t);
    await Promise.all([1, 2, 3].map(() => pinnedArchive(cache, source, {})));
    assert.equal(server.requests.length, 1);
  });

  test('is fetched again when it was tampered with, cut short or lost, and kept when it was only touched', async (t) => {
    const { server, cache, source } = await setUp(t);
    const { path } = await pinnedArchive(cache, source, {});
    const damages = {
      tampered: async () => {
        const { mtime } = await stat(path);
        await writeFile(path, Buffer.concat([Buffer.from('X'), FILE.subarray(1)]));
        await utimes(path, mtime, mtime);
      },
      cut: () => writeFile(path, FILE.subarray(0, 1000)),
      lost: () => rm(path),
    };
    for (const [name, damage] of Object.entries(damages)) {
      const before = server.requests.length;
      await damage();
      await pinnedArchive(cache, source, {});
      assert.deepEqual(await readFile(path), FILE, name);
      assert.equal(server.requests.length, before + 1, name);
    }
    const before = server.requests.length;
    await utimes(path, new Date(), new Date(0));
    await rm(`${path}.json`);
    await pinnedArchive(cache, source, {});
    assert.equal(server.requests.length, before);
  });
});

describe('a local file', () => {
  test('right in the cache is used when its checksum fits, and left alone when not', async (t) => {
    const { cache, directory } = await setUp(t);
    await writeFile(join(directory, 'mine.tar.gz'), FILE);
    const source = { kind: 'file' as const, file: 'mine.tar.gz', sha512: sha512(FILE) };
    assert.equal((await pinnedArchive(cache, source, {})).sha512, source.sha512);
    const wrong = { ...source, sha512: '0'.repeat(128) };
    await assert.rejects(pinnedArchive(cache, wrong, {}), { type: 'ArtefactCorrupt' });
    await writeFile(join(directory, 'mine.tar.gz'), 'changed since');
    await assert.rejects(pinnedArchive(cache, source, {}), { type: 'ArtefactCorrupt' });
    assert.equal(await readFile(join(directory, 'mine.tar.gz'), 'utf8'), 'changed since');
  });

  test('that leads out of the cache is refused', async (t) => {
    const directory = join(await temporaryDirectory(t), 'cache');
    await mkdir(join(directory, 'below'), { recursive: true });
    await writeFile(join(dirname(directory), 'secret'), FILE);
    await writeFile(join(directory, 'below/inner'), FILE);
    await symlink('../secret', join(directory, 'link'));
    await symlink('/etc/passwd', join(directory, 'absolute'));
    await symlink('below/inner', join(directory, 'inner'));
    await symlink('.', join(directory, 'directory'));
    const cache = openArtefactCache({ directory });
    const names = [
      'link',
      'absolute',
      'inner',
      'directory',
      'below',
      '../secret',
      'below/inner',
      '/etc/passwd',
      '.',
      '',
    ];
    for (const file of names) {
      const source = { kind: 'file' as const, file, sha512: sha512(FILE) };
      await assert.rejects(pinnedArchive(cache, source, {}), { type: 'InputRefused' }, file);
    }
  });

  test('that is not there is asked for by its name', async (t) => {
    const cache = openArtefactCache({ directory: await temporaryDirectory(t) });
    const source = { kind: 'file' as const, file: 'mine.tar.gz', sha512: sha512(FILE) };
    await assert.rejects(pinnedArchive(cache, source, {}), { type: 'ArtefactUnavailable', message: /mine\.tar\.gz/ });
  });
});

describe('a distribution by Maven coordinates', () => {
  const VERSION = '5.18.99';
  const NAME = `apache-activemq-${VERSION}-bin.tar.gz`;
  const spec = { version: VERSION, source: { kind: 'maven' as const } };

  /** A cache on which only a script stands in for Maven's client; it counts its runs. */
  async function withMaven(t: TestContext, script: string) {
    const directory = await temporaryDirectory(t);
    const bin = join(directory, 'maven/bin');
    await mkdir(bin, { recursive: true });
    await writeFile(join(directory, NAME), await aDistribution(VERSION));
    await writeFile(join(bin, 'mvn'), `#!/bin/sh\necho "$@" >>${directory}/runs\n${script}\n`);
    await chmod(join(bin, 'mvn'), 0o755);
    const env = { MAVEN_HOME: join(directory, 'maven'), PATH: '/usr/bin:/bin', FROM: join(directory, NAME) };
    const cache = { ...openArtefactCache({ directory: join(directory, 'cache'), env }), allowedUrls: [] };
    const runs = async () => (await readFile(join(directory, 'runs'), 'utf8')).trim().split('\n');
    return { cache, runs };
  }
  const COPY = 'for a in "$@"; do case $a in -DoutputDirectory=*) cp "$FROM" "${a#*=}";; esac; done';

  test("is copied by Maven's client once", async (t) => {
    const { cache, runs } = await withMaven(t, COPY);
    const { distribution } = await fetchDistribution(cache, spec);
    assert.equal(distribution.sha512, sha512(await aDistribution(VERSION)));
    await fetchDistribution(cache, spec);
    assert.equal((await runs()).length, 1);
    assert.match((await runs()).join(), /--strict-checksums/, 'nothing else is known to check it by');
    assert.match((await runs()).join(), /-Dartifact=org\.apache\.activemq:apache-activemq:5\.18\.99:tar\.gz:bin/);
    assert.deepEqual((await readdir(cache.directory)).sort(), [NAME, `${NAME}.json`, 'prepared']);
  });

  test('of a supported version must be the recorded one, whoever serves it', async (t) => {
    const { cache, runs } = await withMaven(t, COPY);
    const supported = { ...spec, version: '5.18.3' };
    await assert.rejects(fetchDistribution(cache, supported), { type: 'ArtefactCorrupt', message: /sha512/ });
    assert.match((await runs()).join(), /--lax-checksums/, 'mirrors that have no checksums will do');
    assert.deepEqual(await readdir(cache.directory), []);
  });

  test("says what Maven's client said when it fails", async (t) => {
    const { cache } = await withMaven(t, 'echo "Could not find artifact" >&2; exit 1');
    await assert.rejects(fetchDistribution(cache, spec), {
      type: 'ArtefactUnavailable',
      message: /exit code 1\nCould not find artifact/,
    });
  });

  test("ends Maven's client when it is aborted", async (t) => {
    const { cache, runs } = await withMaven(t, 'sh -c \'echo $$; exec sleep 600\' >>"${FROM}.pid"');
    const abort = new AbortController();
    const fetched = fetchDistribution(cache, spec, {
      signal: abort.signal,
      progress: () => abort.abort(new Error('enough')),
    });
    await assert.rejects(fetched, /enough/);
    assert.equal((await runs()).length, 1);
    const pid = Number(await readFile(join(dirname(cache.directory), `${NAME}.pid`), 'utf8'));
    const isRunning = async () => /State:\s+[^Z]/.test(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''));
    for (const end = Date.now() + 5000; (await isRunning()) && Date.now() < end;) await new Promise(setImmediate);
    assert.equal(await isRunning(), false);
    assert.deepEqual(await readdir(cache.directory), []);
  });

  test('is taken from the cache when a person put it there', async (t) => {
    const directory = await temporaryDirectory(t);
    await writeFile(join(directory, NAME), await aDistribution(VERSION));
    const { distribution } = await fetchDistribution(openArtefactCache({ directory, env: {} }), spec);
    assert.equal(distribution.version, VERSION);
  });

  test('of another version than the topology says is refused', async (t) => {
    const directory = await temporaryDirectory(t);
    await writeFile(join(directory, 'apache-activemq-5.18.98-bin.tar.gz'), await aDistribution(VERSION));
    const cache = openArtefactCache({ directory, env: {} });
    const other = { ...spec, version: '5.18.98' };
    await assert.rejects(fetchDistribution(cache, other), { type: 'InvalidInput', message: /5\.18\.99.*5\.18\.98/ });
  });

  test('cannot be named so that it leaves the cache', async (t) => {
    const cache = openArtefactCache({ directory: await temporaryDirectory(t), env: {} });
    for (const coordinates of [
      '..:..:1:tar.gz:bin',
      'g:../a:1:tar.gz:bin',
      'g:a:1:jar:bin',
      'g:a:1',
      '-g:a:1:tar.gz:bin',
    ]) {
      const source = { kind: 'maven' as const, coordinates };
      await assert.rejects(
        fetchDistribution(cache, { version: VERSION, source }),
        { type: 'InputRefused' },
        coordinates,
      );
    }
  });
});
