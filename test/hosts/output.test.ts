import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Demultiplexer, OutputTail } from '../../hosts/output.js';

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
