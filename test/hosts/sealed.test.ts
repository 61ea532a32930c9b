import { test } from 'node:test';
import assert from 'node:assert/strict';
import { newHostKeyPair, openSealed, seal } from '../../hosts/sealed.js';

const text = JSON.stringify({ password: 'grün 🐇' });

test('what is sealed to a host opens with its key, also when the key was read with a line break', () => {
  const { publicKey, privateKey } = newHostKeyPair();
  const sealed = seal(publicKey, text, 'ha-6');
  assert.match(sealed, /^[A-Za-z0-9+/=]+$/);
  assert.equal(openSealed(`${privateKey}\n`, sealed, 'ha-6'), text);
});

test('the same text is sealed differently each time', () => {
  const { publicKey } = newHostKeyPair();
  assert.notEqual(seal(publicKey, text), seal(publicKey, text));
});

test('it opens neither with another key, nor for another purpose, nor when any byte was changed', () => {
  const { publicKey, privateKey } = newHostKeyPair();
  const sealed = seal(publicKey, text, 'one');
  assert.throws(() => openSealed(newHostKeyPair().privateKey, sealed, 'one'));
  assert.throws(() => openSealed(privateKey, sealed, 'other'));
  const bytes = Buffer.from(sealed, 'base64');
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.throws(() => openSealed(privateKey, changed.toString('base64'), 'one'), `byte ${at}`);
  }
  assert.throws(() => openSealed(privateKey, bytes.subarray(0, 60).toString('base64'), 'one'));
});
