import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { openArtefactCache } from '../../artefacts/cache.js';
import { findClassData, storeClassData } from '../../artefacts/class-data.js';
import { temporaryDirectory } from './archives.js';

const KEY = 'OpenJDK 17.0.15+6 x86_64\nlib/a.jar 100 1\n';
const DATA = Buffer.from('class data');
const stream = (content = DATA) => Readable.from([content]);

describe('class data', () => {
  test('is read back under exactly its key', async (t) => {
    const cache = openArtefactCache({ directory: await temporaryDirectory(t) });
    assert.equal(await findClassData(cache, KEY), undefined);
    await storeClassData(cache, KEY, stream());
    const found = await findClassData(cache, KEY);
    assert.ok(found);
    assert.equal(found.bytes, DATA.length);
    assert.deepEqual(await readFile(found.path), DATA);
    assert.equal(await findClassData(cache, `${KEY}lib/b.jar`), undefined);
  });

  test('is replaced whole, also by several at once', async (t) => {
    const cache = openArtefactCache({ directory: await temporaryDirectory(t) });
    await Promise.all([1, 2, 3, 4].map((n) => storeClassData(cache, KEY, stream(Buffer.alloc(100_000 * n, n)))));
    const found = await findClassData(cache, KEY);
    assert.ok(found);
    const content = await readFile(found.path);
    assert.deepEqual(content, Buffer.alloc(content.length, content.length / 100_000));
    assert.equal((await readdir(join(cache.directory, 'class-data'))).length, 2);
  });

  test('that was damaged is not used', async (t) => {
    const cache = openArtefactCache({ directory: await temporaryDirectory(t) });
    await storeClassData(cache, KEY, stream());
    const found = await findClassData(cache, KEY);
    await writeFile(found?.path ?? '', 'other data');
    assert.equal(await findClassData(cache, KEY), undefined);
  });

  test('of a stream that breaks is not stored', async (t) => {
    const cache = openArtefactCache({ directory: await temporaryDirectory(t) });
    const breaking = Readable.from(
      (function* () {
        yield DATA;
        throw new Error('the host is gone');
      })(),
    );
    await assert.rejects(storeClassData(cache, KEY, breaking), /the host is gone/);
    assert.deepEqual(await readdir(join(cache.directory, 'class-data')), []);
  });
});
