import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { joinSamples, parseSamples } from '../../../core/drills/parse-samples.js';
import type { RoleSample } from '../../../core/drills/samples.js';

const sample = (at: number, host: string, roles: RoleSample['roles']): RoleSample => ({ at, host, roles });

describe('the lines of the recorder', () => {
  test('become samples of their host', () => {
    assert.deepEqual(parseSamples('1795641736326 mq1=master mq2=slave\n1795641737510 mq1=frozen mq2=slave\n', 'h1'), [
      sample(1795641736326, 'h1', { mq1: 'master', mq2: 'slave' }),
      sample(1795641737510, 'h1', { mq1: 'frozen', mq2: 'slave' }),
    ]);
  });

  test('that were cut or are none are left out', () => {
    for (const line of [
      '',
      '17956417',
      '1795641737510 mq1=mast',
      '1795641737510 mq1',
      '1795641737510 =master',
      'x mq1=down',
    ])
      assert.deepEqual(parseSamples(`${line}\n1795641738000 mq1=down`, 'h1'), [
        sample(1795641738000, 'h1', { mq1: 'down' }),
      ]);
  });
});

describe('the samples of all hosts', () => {
  const steady = (host: string, from: number, count: number) =>
    Array.from({ length: count }, (_, index) => sample(from + index * 1000, host, { mq1: 'master' }));

  test('stand in the order of time', () => {
    const joined = joinSamples([steady('h1', 5, 3), steady('h2', 0, 3)], 100);
    assert.deepEqual(
      joined.map(({ at, host }) => `${at} ${host}`),
      ['0 h2', '5 h1', '1000 h2', '1005 h1', '2000 h2', '2005 h1'],
    );
  });

  test('are thinned where they only repeat, and keep every change', () => {
    const changes = [sample(500_500, 'h1', { mq1: 'down' }), sample(501_500, 'h1', { mq1: 'recovering' })];
    const samples = [...steady('h1', 0, 500), ...changes, ...steady('h1', 502_000, 500)];
    const joined = joinSamples([samples], 50);
    assert.ok(joined.length <= 54 && joined.length > 30, String(joined.length));
    for (const change of [...changes, samples[0], samples[502]]) assert.ok(joined.includes(change as RoleSample));
    assert.equal(joinSamples([samples], 2).length, 4);
  });
});
