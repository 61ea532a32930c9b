import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import ssh2 from 'ssh2';
import { judgeKey, keyType, knownTypes } from '../../hosts/ssh-host-key.js';
import { makeKey } from '../support/ssh-keys.js';

const keyOf = (pair: { public: string }) => {
  const [name = '', text = ''] = pair.public.split(' ');
  return { line: `${name} ${text}`, blob: Buffer.from(text, 'base64') };
};
const [right, wrong] = [keyOf(makeKey()), keyOf(makeKey())];
const other = keyOf(ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 }));

const judge = (text: string, address = 'mq1', port = 22) => {
  const verdict = judgeKey([{ path: 'file', text }], { address, port }, right.blob);
  return verdict.known ? 'known' : verdict.why;
};

test('a host is known by the key that stands behind its name', () => {
  assert.equal(judge(`# a comment\n\nmq1 ${right.line} a comment\n`), 'known');
  assert.equal(judge(`mq2,mq1 ${right.line}`), 'known');
  assert.equal(judge(`mq1 ${wrong.line}\nmq1 ${right.line}`), 'known');
  assert.equal(judge(`mq1 ${right.line}\r\n`, 'MQ1'), 'known');
  assert.equal(judge(`mq? ${right.line}`), 'known');
  assert.equal(judge(''), 'unknown');
  assert.equal(judge(`mq2 ${right.line}`), 'unknown');
  assert.equal(judge(`mq11 ${right.line}`), 'unknown');
  assert.equal(judge(`mq* ${right.line}\n`, 'db1'), 'unknown');
  assert.equal(judge(`mq*,!mq1 ${right.line}`), 'unknown');
  assert.equal(judge(`mxq1 ${right.line}`, 'm.q1'), 'unknown');
});

test('a port other than 22 belongs to the name', () => {
  assert.equal(judge(`[mq1]:2222 ${right.line}`, 'mq1', 2222), 'known');
  assert.equal(judge(`mq1 ${right.line}`, 'mq1', 2222), 'unknown');
  assert.equal(judge(`[mq1]:2222 ${right.line}`), 'unknown');
});

test('names may be hashed', () => {
  const hashed = (name: string) => {
    const salt = Buffer.from('a salt of 20 bytes!!');
    return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
  };
  assert.equal(judge(`${hashed('mq1')} ${right.line}`), 'known');
  assert.equal(judge(`${hashed('[mq1]:2222')} ${right.line}`, 'mq1', 2222), 'known');
  assert.equal(judge(`${hashed('mq2')} ${right.line}`), 'unknown');
});

test('another key under the name is a change, and a revoked one is refused wherever else it stands', () => {
  assert.equal(judge(`mq1 ${wrong.line}`), 'changed');
  assert.equal(judge(`mq1 ${other.line}`), 'changed');
  assert.equal(judge(`mq1 ${right.line}\n@revoked * ${right.line}`), 'revoked');
  assert.equal(judge(`@revoked mq1 ${wrong.line}\nmq1 ${right.line}`), 'known');
  assert.equal(judge(`@cert-authority mq1 ${right.line}`), 'unknown');
});

test('the kinds of keys that a host is known by are told, so that it is asked for these', () => {
  const files = [{ path: 'file', text: `mq1 ${other.line}\nmq2 ${right.line}\n@revoked mq1 ${wrong.line}` }];
  assert.deepEqual(knownTypes(files, { address: 'mq1', port: 22 }), ['ecdsa-sha2-nistp256']);
  assert.equal(keyType(right.blob), 'ssh-ed25519');
  assert.equal(keyType(Buffer.from([1])), '');
});
