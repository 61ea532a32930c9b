/** What the proof of a lock makes of hosts' answers. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { proveLockOf, type LockAnswer, type LockQuestion } from '../../../core/health/lock-proof.js';

type Outcome = Exclude<LockAnswer['outcome'], 'failed'>;

const WELL: Record<LockQuestion, Outcome> = {
  hold: 'held',
  see: 'busy',
  release: 'released',
  take: 'taken',
  remove: 'removed',
};

/** Hosts that answer as they should but for what is named `host question`. */
async function proof(amiss: Record<string, LockAnswer> = {}, hosts = ['h1', 'h2']) {
  const asked: string[] = [];
  const fault = await proveLockOf({
    group: 'g1',
    directory: '/mnt/mq',
    hosts,
    ask: (host, question) => {
      asked.push(`${host} ${question}`);
      return Promise.resolve(amiss[`${host} ${question}`] ?? { outcome: WELL[question] });
    },
  });
  return { asked, fault: fault === null ? 'none' : `${fault.type}: ${fault.message}` };
}

describe('the proof of a lock', () => {
  test('holds when every other host finds it taken, and takes it when it is given back', async () => {
    const { asked, fault } = await proof({}, ['h1', 'h2', 'h3']);
    assert.equal(fault, 'none');
    assert.deepEqual(asked, ['h1 hold', 'h2 see', 'h3 see', 'h1 release', 'h2 take', 'h3 take']);
  });

  const rows: { name: string; amiss: Record<string, LockAnswer>; says: RegExp }[] = [
    {
      name: 'a host that does not see the file',
      amiss: { 'h2 see': { outcome: 'absent' } },
      says: /^StoreNotShared: the store of g1, \/mnt\/mq is another directory on h2 than on h1/,
    },
    {
      name: 'a host that sees another file',
      amiss: { 'h2 see': { outcome: 'other' } },
      says: /^StoreNotShared/,
    },
    {
      name: 'a host that takes the lock as well',
      amiss: { 'h2 see': { outcome: 'taken' } },
      says: /^LockNotShared: .*h2 took the lock that h1 holds/,
    },
    {
      name: 'a file system that refuses locks',
      amiss: { 'h1 hold': { outcome: 'failed', detail: 'IOException: No locks available' } },
      says: /^LockNotShared: .*no lock can be taken on h1: IOException: No locks available/,
    },
    {
      name: 'a lock that stays taken after it was given back',
      amiss: { 'h2 take': { outcome: 'busy' } },
      says: /^LockNotShared: .*h2 cannot take the lock that h1 gave back/,
    },
    {
      name: 'an earlier proof that is still at it',
      amiss: { 'h1 hold': { outcome: 'busy' } },
      says: /^CommandFailed/,
    },
    {
      name: 'a holder that died, whose lock another then rightly takes',
      amiss: { 'h1 release': { outcome: 'lost' }, 'h2 see': { outcome: 'taken' } },
      says: /^CommandFailed: h1 lost the lock/,
    },
  ];
  for (const { name, amiss, says } of rows)
    test(`is refused by ${name}`, async () => assert.match((await proof(amiss)).fault, says));

  test('names every host that shares nothing', async () => {
    const { fault } = await proof({ 'h2 see': { outcome: 'absent' }, 'h3 see': { outcome: 'absent' } }, [
      'h1',
      'h2',
      'h3',
    ]);
    assert.match(fault, /on h2 than on h1.*on h3 than on h1/);
  });
});
