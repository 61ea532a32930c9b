import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { writeFile, readdir, rm, readFile, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { extract } from 'tar-stream';
import type { Header } from 'tar-stream';
import { openArtefactCache } from '../../artefacts/cache.js';
import { fetchDistribution } from '../../artefacts/distribution.js';
import { fetchJavaArchive } from '../../artefacts/java.js';
import { MTIME, aDistribution, sha512, tarGz, temporaryDirectory } from './archives.js';
import type { Content } from './archives.js';

const VERSION = '5.18.99';

async function headersOf({ path }: { path: string }): Promise<Header[]> {
  const entries = extract();
  const reading = pipeline(createReadStream(path), entries);
  const headers: Header[] = [];
  for await (const entry of entries) {
    headers.push(entry.header);
    entry.resume();
  }
  await reading;
  assert.equal(headers.at(-1)?.name, '.complete', 'the mark comes last: where it is, everything is');
  return headers.slice(0, -1);
}

async function cached(t: TestContext, archive: Buffer) {
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'a.tar.gz'), archive);
  const source = { kind: 'file' as const, file: 'a.tar.gz', sha512: sha512(archive) };
  return { directory, source, cache: openArtefactCache({ directory }) };
}

describe('the home of ActiveMQ', () => {
  test('is streamed without its top directory and without what no broker needs', async (t) => {
    const { cache, source } = await cached(t, await aDistribution(VERSION));
    const home = await fetchDistribution(cache, { version: VERSION, source });
    const headers = await headersOf(home.tar);
    assert.deepEqual(headers.map(({ name }) => name).sort(), [
      'bin/activemq.jar',
      'bin/env',
      'conf/jetty.xml',
      `lib/activemq-broker-${VERSION}.jar`,
      'lib/activemq-rar.txt',
      'lib/optional/log4j.jar',
      'lib/web/jetty.jar',
      'webapps/admin/index.jsp',
    ]);
    for (const { uid, gid, mode, mtime } of headers) {
      assert.deepEqual({ uid, gid, mode, mtime }, { uid: 0, gid: 0, mode: 0o644, mtime: MTIME });
    }
  });

  test('tells its jars and the text of its shipped files', async (t) => {
    const { cache, source } = await cached(t, await aDistribution(VERSION));
    const { distribution } = await fetchDistribution(cache, { version: VERSION, source });
    const broker = `lib/activemq-broker-${VERSION}.jar`;
    assert.deepEqual(distribution, {
      version: VERSION,
      sha512: source.sha512,
      jars: ['bin/activemq.jar', broker, 'lib/optional/log4j.jar', 'lib/web/jetty.jar'],
      shipped: { 'conf/jetty.xml': '<beans/>' },
    });
  });

  test('is prepared once, and again when the tar was damaged or its facts were lost', async (t) => {
    const { cache, source } = await cached(t, await aDistribution(VERSION));
    const spec = { version: VERSION, source };
    const first = await fetchDistribution(cache, spec);
    const whole = await readFile(first.tar.path);
    const { ino } = await stat(first.tar.path);
    assert.deepEqual(await fetchDistribution(cache, spec), first);
    assert.equal((await stat(first.tar.path)).ino, ino);
    for (const damage of [
      () => truncate(first.tar.path, 700),
      () => rm(first.tar.path),
      () => rm(`${first.tar.path}.json`),
    ]) {
      await damage();
      assert.deepEqual(await fetchDistribution(cache, spec), first);
      assert.deepEqual(await readFile(first.tar.path), whole);
    }
  });

  test('is not prepared from an archive that is broken or reaches out of its directory', async (t) => {
    const good = await aDistribution(VERSION);
    const reaching: Content[] = [
      { '../outside': 'x' },
      { 'bin/link': { type: 'symlink', linkname: '../../outside' } },
      { 'bin/link': { type: 'symlink', linkname: '/etc/passwd' } },
      { 'bin/link': { type: 'link', linkname: '../outside' } },
      { 'bin/device': { type: 'character-device' } },
    ];
    const archives = await Promise.all(reaching.map((more) => aDistribution(VERSION, more)));
    const broken = [good.subarray(0, good.length - 200), Buffer.from('no archive'), Buffer.alloc(0)];
    for (const archive of [...archives, await tarGz({ '/etc/x': 'x' }), ...broken]) {
      const { cache, source, directory } = await cached(t, archive);
      await assert.rejects(fetchDistribution(cache, { version: VERSION, source }), { type: 'ArtefactCorrupt' });
      assert.deepEqual(await readdir(join(directory, 'prepared')), []);
    }
  });

  test('is not half prepared when it is aborted', async (t) => {
    const { cache, source, directory } = await cached(t, await aDistribution(VERSION));
    const abort = new AbortController();
    const progress = () => abort.abort(new Error('enough'));
    const spec = { version: VERSION, source };
    await assert.rejects(fetchDistribution(cache, spec, { signal: abort.signal, progress }), /enough/);
    assert.deepEqual(await readdir(join(directory, 'prepared')), []);
  });
});

describe('a Java archive', () => {
  const inside = { 'bin/java': 'java', 'lib/modules': 'modules' };
  const link = { type: 'symlink' as const, linkname: '../lib/modules' };

  test('is streamed without its top directory, links kept', async (t) => {
    const content = Object.entries({ ...inside, 'legal/LICENSE': link }).map(([name, what]) => [
      `./jdk-17/${name}`,
      what,
    ]);
    const { cache, source } = await cached(t, await tarGz(Object.fromEntries(content) as Content));
    const java = await fetchJavaArchive(cache, source);
    const headers = await headersOf(java.tar);
    assert.deepEqual(
      headers.map(({ name, type, linkname }) => [name, type, linkname]),
      [
        ['bin/java', 'file', null],
        ['lib/modules', 'file', null],
        ['legal/LICENSE', 'symlink', '../lib/modules'],
      ],
    );
    assert.equal(java.sha512, source.sha512);
  });

  test('may lack a top directory, but not Java', async (t) => {
    const flat = await cached(t, await tarGz(inside));
    const headers = await headersOf((await fetchJavaArchive(flat.cache, flat.source)).tar);
    assert.deepEqual(
      headers.map(({ name }) => name),
      ['bin/java', 'lib/modules'],
    );
    const without = await cached(t, await tarGz({ 'jdk-17/lib/modules': 'modules' }));
    await assert.rejects(fetchJavaArchive(without.cache, without.source), {
      type: 'ArtefactCorrupt',
      message: /bin\/java/,
    });
  });
});
