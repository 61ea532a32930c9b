import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { archiveOf } from '../../hosts/archive.js';
import { onlyFile } from '../../hosts/docker-volume-files.js';

/** In pieces with a pause before each, as a socket hands them out. */
const inPieces = (bytes: Buffer, size: number): Readable =>
  Readable.from(
    (async function* () {
      for (let at = 0; at < bytes.length; at += size) {
        await new Promise((resolve) => setImmediate(resolve));
        yield bytes.subarray(at, at + size);
      }
    })(),
  );

describe('the one file of an archive', () => {
  for (const length of [0, 100, 5000, 300_000])
    test(`is read whole when it has ${length} bytes and comes in many pieces`, async () => {
      const content = Buffer.alloc(length, 'a line of a manifest\n');
      const archive = await archiveOf([{ path: '/manifest.json', content, mode: 0o644 }]);
      assert.deepEqual(await onlyFile(inPieces(archive, 1000)), content);
    });

  test('is null where there is none', async () => {
    assert.equal(await onlyFile(inPieces(await archiveOf([]), 1000)), null);
  });
});
