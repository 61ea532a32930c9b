import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChecksum } from '../../artefacts/checksum.js';
import { progressLine, progressLines } from '../../artefacts/progress-line.js';
import { parseAllowedUrls, urlAllowed } from '../../artefacts/url-policy.js';

test('without a setting every https URL without a login is allowed', () => {
  assert.equal(parseAllowedUrls(undefined), undefined);
  assert.equal(parseAllowedUrls(' , '), undefined);
  assert.ok(urlAllowed('https://example.org/a.tar.gz', undefined));
  for (const url of ['http://example.org/a', 'file:///etc/passwd', 'https://user:pw@example.org/a', 'nonsense']) {
    assert.equal(urlAllowed(url, undefined), false, url);
  }
});

test('patterns allow what they match, and no look-alike', () => {
  const patterns = parseAllowedUrls('https://archive.apache.org/dist/*, https://*.example.org/jdk/*.tar.gz');
  for (const url of ['https://archive.apache.org/dist/a/b.tar.gz', 'https://mirror.example.org/jdk/17/x.tar.gz']) {
    assert.ok(urlAllowed(url, patterns), url);
  }
  const refused = [
    'https://archive.apache.org/other/b',
    'https://archive.apache.org/dist/../other/b',
    'https://archive.apache.org.evil.net/dist/b',
    'https://evil.net/x.example.org/jdk/x.tar.gz',
    'https://evil.net?.example.org/jdk/x.tar.gz',
    'https://archivexapache.org/dist/b',
    'https://archive.apache.org@evil.net/dist/b',
    'http://archive.apache.org/dist/b',
  ];
  for (const url of refused) assert.equal(urlAllowed(url, patterns), false, url);
});

test('checksum files are read in every form that upstream writes', () => {
  const hex = 'ab12'.repeat(10);
  for (const text of [hex, `${hex}\n`, `${hex}  a.tar.gz\n`, `${hex} *a.tar.gz`, hex.toUpperCase()]) {
    assert.equal(parseChecksum(text, 40), hex, text);
  }
  assert.equal(parseChecksum(`a.tar.gz: ${'AB12 '.repeat(5)}\n  ${'AB12 '.repeat(5)}`, 40), hex);
  for (const text of ['', '<html>not found</html>', hex.slice(1), `${hex}ab`]) {
    assert.equal(parseChecksum(text, 40), undefined, text);
  }
});

test('progress is told in a line at each change, and else once a second', () => {
  const lines: string[] = [];
  let now = 0;
  const tell = progressLines(
    (line) => lines.push(line),
    () => now,
  );
  const at = (bytes: number) =>
    tell({ artefact: 'a', phase: 'downloading', source: 'x.org', bytes, total: 49_549_502 });
  at(1);
  at(2);
  now = 1000;
  at(12_400_000);
  tell({ artefact: 'a', phase: 'preparing', bytes: 0 });
  assert.deepEqual(lines, [
    'a: downloading from x.org, 0 of 50 MB',
    'a: downloading from x.org, 12 of 50 MB',
    'a: preparing',
  ]);
  assert.match(progressLine({ artefact: 'a', phase: 'waiting', bytes: 3_000_000 }), /another process.*3 MB/);
});
