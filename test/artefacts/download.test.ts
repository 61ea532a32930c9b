import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { ArtefactProgress } from '../../artefacts/cache.js';
import { pinnedArchive } from '../../artefacts/pinned-archive.js';
import { sha512, temporaryDirectory } from './archives.js';
import { loopback, loopbackCache } from './loopback.js';
import type { Behaviour } from './loopback.js';

const FILE = randomBytes(3_000_000);
const wanted = (url: string) => ({ kind: 'url' as const, url, sha512: sha512(FILE) });

async function setUp(t: TestContext, behaviour: Partial<Behaviour> = {}) {
  const server = await loopback({ files: { '/a.tar.gz': FILE }, ...behaviour });
  t.after(server.close);
  const directory = await temporaryDirectory(t);
  const part = join(directory, `${sha512(FILE).slice(0, 32)}.tar.gz.part`);
  return { server, directory, cache: loopbackCache(directory), source: wanted(server.url('/a.tar.gz')), part };
}

describe('a download', () => {
  test('goes on where a cut connection stopped', async (t) => {
    const { server, cache, source } = await setUp(t, { cutAfter: (n) => (n <= 2 ? 1_000_000 : undefined) });
    const seen: ArtefactProgress[] = [];
    const { path } = await pinnedArchive(cache, source, { progress: (progress) => seen.push(progress) });
    assert.deepEqual(await readFile(path), FILE);
    // What was on its way when the connection broke may be lost: it goes on from what it has, which is seldom all that was sent.
    const starts = server.requests.map(({ range }) => Number(range?.match(/^bytes=(\d+)-$/)?.[1] ?? 0));
    const [first, second = 0, third = 0] = starts;
    assert.equal(starts.length, 3);
    assert.equal(first, 0);
    assert.ok(second > 0 && second <= 1_000_000 && third > second && third <= second + 1_000_000, starts.join());
    const downloads = seen.filter((progress) => progress.phase === 'downloading');
    assert.equal(downloads.at(-1)?.bytes, FILE.length);
    assert.ok(downloads.every((progress) => progress.total === FILE.length && progress.source === '127.0.0.1'));
  });

  test('starts again with a server that ignores ranges', async (t) => {
    const cutAfter = (n: number) => (n === 1 ? 1_000_000 : undefined);
    const { server, cache, source } = await setUp(t, { ignoresRanges: true, cutAfter });
    const { path } = await pinnedArchive(cache, source, {});
    assert.deepEqual(await readFile(path), FILE);
    assert.equal(server.requests.length, 2);
  });

  test('goes on from the part that an earlier process left', async (t) => {
    const { server, cache, source, part } = await setUp(t);
    await writeFile(part, FILE.subarray(0, 2_500_000));
    const { path } = await pinnedArchive(cache, source, {});
    assert.deepEqual(await readFile(path), FILE);
    assert.deepEqual(server.requests, [{ path: '/a.tar.gz', range: 'bytes=2500000-' }]);
  });

  test('takes a part that is complete already', async (t) => {
    const { server, cache, source, part } = await setUp(t);
    await writeFile(part, FILE);
    const { path } = await pinnedArchive(cache, source, {});
    assert.deepEqual(await readFile(path), FILE);
    assert.equal(server.requests.length, 1);
  });

  test('starts from scratch once when the part was of another file', async (t) => {
    for (const length of [1_000_000, 4_000_000]) {
      const { cache, source, part } = await setUp(t);
      await writeFile(part, randomBytes(length));
      const { path } = await pinnedArchive(cache, source, {});
      assert.deepEqual(await readFile(path), FILE);
    }
  });

  test('of a wrong file is refused and leaves nothing behind', async (t) => {
    const { cache, source, directory } = await setUp(t, { files: { '/a.tar.gz': randomBytes(1000) } });
    await assert.rejects(pinnedArchive(cache, source, {}), { type: 'ArtefactCorrupt', message: /sha512/ });
    assert.deepEqual(await readdir(directory), []);
  });

  test('that is aborted leaves the part for next time, and no file or lock', async (t) => {
    const { server, cache, source, directory, part } = await setUp(t);
    const abort = new AbortController();
    const progress = ({ bytes }: ArtefactProgress) => bytes >= 500_000 && abort.abort(new Error('enough'));
    await assert.rejects(pinnedArchive(cache, source, { signal: abort.signal, progress }), /enough|abort/i);
    assert.deepEqual(await readdir(directory), [`${part.split('/').at(-1)}`]);
    const { size } = await stat(part);
    assert.ok(size > 0 && size < FILE.length, `${size}`);
    const { path } = await pinnedArchive(cache, source, {});
    assert.deepEqual(await readFile(path), FILE);
    assert.equal(server.requests.at(-1)?.range, `bytes=${size}-`);
  });

  test('keeps the bytes of a server that declares a content encoding', async (t) => {
    const { cache, source } = await setUp(t, { headers: { 'content-encoding': 'x-gzip' } });
    assert.deepEqual(await readFile((await pinnedArchive(cache, source, {})).path), FILE);
  });

  test('says which server has nothing, and that nothing answers', async (t) => {
    const { server, cache } = await setUp(t);
    const missing = wanted(server.url('/b.tar.gz'));
    await assert.rejects(pinnedArchive(cache, missing, {}), { type: 'ArtefactUnavailable', message: /answered 404/ });
    await server.close();
    await assert.rejects(pinnedArchive(cache, missing, {}), { type: 'ArtefactUnavailable', message: /ECONNREFUSED/ });
  });

  test('follows a redirect only to where the worker allows it', async (t) => {
    const redirects = { '/good': '/a.tar.gz', '/bad': 'http://localhost:1/a.tar.gz', '/loop': '/loop' };
    const { server, cache } = await setUp(t, { redirects });
    assert.deepEqual(await readFile((await pinnedArchive(cache, wanted(server.url('/good')), {})).path), FILE);
    const other = { ...wanted(server.url('/bad')), sha512: '0'.repeat(128) };
    await assert.rejects(pinnedArchive(cache, other, {}), { type: 'InputRefused', message: /localhost/ });
    const loop = { ...other, url: server.url('/loop') };
    await assert.rejects(pinnedArchive(cache, loop, {}), { type: 'ArtefactUnavailable', message: /redirects/ });
  });

  test('of an URL outside the allowed ones is refused before anything is sent', async (t) => {
    const { cache, directory } = await setUp(t);
    const source = wanted('https://internal.example/a.tar.gz');
    await assert.rejects(pinnedArchive(cache, source, {}), {
      type: 'InputRefused',
      message: /EVERBROKER_ALLOWED_URLS/,
    });
    assert.deepEqual(await readdir(directory), []);
  });
});
