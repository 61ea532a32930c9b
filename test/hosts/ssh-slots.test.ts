import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Slots } from '../../hosts/ssh-slots.js';

/** How many of these get a slot without one being freed. */
async function taken(slots: Slots, count: number, urgent = false): Promise<number> {
  let got = 0;
  for (let i = 0; i < count; i++) void slots.take({ urgent }).then(() => got++);
  await new Promise((resolve) => setImmediate(resolve));
  return got;
}

test('commands leave room for what kills them, which never waits', async () => {
  const slots = new Slots();
  assert.equal(await taken(slots, 20), 8);
  assert.equal(await taken(slots, 5, true), 5);
});

test('who waits gets what is freed in its turn, and who gave up does not', async () => {
  const slots = new Slots();
  await taken(slots, 8);
  const order: string[] = [];
  const giveUp = new AbortController();
  const gone = slots.take({ signal: giveUp.signal });
  void slots.take().then(() => order.push('first'));
  void slots.take().then(() => order.push('second'));
  giveUp.abort(new Error('enough'));
  await assert.rejects(gone, /enough/);
  slots.free();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(order, ['first']);
});

test('a server that takes fewer is believed, but never less than one', async () => {
  const slots = new Slots();
  slots.learn(4);
  assert.equal(await taken(slots, 20), 2);
  const least = new Slots();
  least.learn(0);
  assert.equal(await taken(least, 20), 1);
});
