import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Demultiplexer, OutputTail, beforeWord } from '../../hosts/output.js';

const frame = (stream: number, text: string): Buffer => {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(8);
  header.writeUInt8(stream, 0);
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
};

test('frames are told apart wherever the network cuts them', () => {
  const whole = Buffer.concat([frame(1, 'grün'), frame(2, 'rot'), frame(1, ''), frame(1, '€'.repeat(100))]);
  for (const size of [1, 2, 3, 7, 8, 9, 50, whole.length]) {
    const out = { stdout: new OutputTail(1000), stderr: new OutputTail(1000) };
    const frames = new Demultiplexer({ stdout: (c) => out.stdout.push(c), stderr: (c) => out.stderr.push(c) });
    for (let at = 0; at < whole.length; at += size) frames.push(whole.subarray(at, at + size));
    assert.equal(out.stdout.text(), `grün${'€'.repeat(100)}`, `pieces of ${size}`);
    assert.equal(out.stderr.text(), 'rot');
  }
});

test('the end of the output is kept, and it begins with a whole character', () => {
  for (let limit = 1; limit < 12; limit++) {
    const tail = new OutputTail(limit);
    for (const byte of Buffer.from('a€🐇b')) tail.push(Buffer.from([byte]));
    assert.ok('a€🐇b'.endsWith(tail.text()), `${limit}: ${tail.text()}`);
    assert.equal(tail.truncated, limit < 9);
    assert.ok(Buffer.byteLength(tail.text()) <= limit);
  }
});

test('what comes before a word is told from its line and from what follows, wherever it is cut', () => {
  const texts = ['', 'a', 'a\n', '\n\n', '\nen', '\nend', 'so\nended', 'grün\nen\n'];
  for (const text of texts) {
    const whole = Buffer.from(`${text}\nend: 7\nanother`);
    for (let size = 1; size <= whole.length; size++) {
      const told = { rest: '', line: '' };
      const push = beforeWord('\nend: ', {
        rest: (chunk) => (told.rest += chunk.toString('latin1')),
        line: (line) => (told.line += line),
      });
      for (let at = 0; at < whole.length; at += size) push(whole.subarray(at, at + size));
      assert.deepEqual(told, { rest: Buffer.from(text).toString('latin1'), line: '7' }, `${text} in pieces of ${size}`);
    }
  }
});

test('what cannot be the beginning of the word is handed on at once', () => {
  let rest = '';
  const push = beforeWord('\nend: ', {
    rest: (chunk) => (rest += chunk.toString()),
    line: () => assert.fail('no word'),
  });
  push(Buffer.from('0123456789'));
  assert.equal(rest, '01234');
});
