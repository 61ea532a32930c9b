import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { joinLedger } from '../../../core/drills/join-ledger.js';
import { longestSilence } from '../../../core/drills/silences.js';
import { percentilesOf } from '../../../core/drills/percentiles.js';
import { Series } from '../../../core/drills/series.js';
import { FLOWS, START, aGoodLoad } from '../../support/ledgers.js';

const silence = (tries: [number, number | null][], until: number) =>
  longestSilence({
    triedAt: Float64Array.from(tries, ([tried]) => tried),
    succeededAt: Float64Array.from(tries, ([, succeeded]) => succeeded ?? Number.NaN),
    until,
  });

describe('the longest silence', () => {
  test('of a producer whose send is blocked is as long as that send', () => {
    assert.deepEqual(silence([[0, 2], [10, 12], [20, 5000], [5010, 5012]], 5012), { from: 20, to: 5000 }); // prettier-ignore
  });

  test('begins with the last success when another was on its way then', () => {
    assert.deepEqual(silence([[0, 4000], [1, 10], [2, 3999]], 4000), { from: 10, to: 3999 }); // prettier-ignore
  });

  test('does not count the pause of a producer that sends seldom', () => {
    assert.deepEqual(silence([[0, 2], [60_000, 60_007]], 60_007), { from: 60_000, to: 60_007 }); // prettier-ignore
  });

  test('counts tries that fail at once', () => {
    assert.deepEqual(silence([[0, 2], [10, null], [500, null], [900, 950]], 950), { from: 10, to: 950 }); // prettier-ignore
  });

  test('lasts to the end when nothing succeeds any more, and from the first try when nothing ever did', () => {
    assert.deepEqual(silence([[0, 2], [10, null], [700, null]], 750), { from: 10, to: 750 }); // prettier-ignore
    assert.deepEqual(silence([[5, null], [700, null]], 750), { from: 5, to: 750 }); // prettier-ignore
  });

  test('of nothing is none', () => {
    assert.equal(silence([], Number.NEGATIVE_INFINITY), null);
  });

  test('of consumers covers an outage in which a message was on its way', () => {
    const records = aGoodLoad({ producers: 1, messages: 100 });
    for (const record of records.sent) if (record.seq >= 50) record.endedAt = record.sentAt + 3000;
    for (const record of records.delivered) if (record.seq >= 50) record.at += 3000;
    const [flow] = joinLedger(records, FLOWS).flows;
    assert.deepEqual(flow?.producerSilence, { from: START + 501, to: START + 3501 });
    assert.deepEqual(flow?.consumerSilence, { from: START + 501, to: START + 3505 });
  });
});

describe('percentiles and series', () => {
  test('percentiles are values that were measured', () => {
    const values = Float64Array.from({ length: 100 }, (_, index) => 100 - index);
    assert.deepEqual(percentilesOf(values), { p50: 50, p90: 90, p99: 99, max: 100 });
    assert.deepEqual(percentilesOf(Float64Array.of(7)), { p50: 7, p90: 7, p99: 7, max: 7 });
    assert.equal(percentilesOf(new Float64Array()), null);
  });

  test('a second in which nothing was has a row of zeros', () => {
    const series = new Series();
    series.acknowledged(START + 2500, 4);
    series.delivered(START + 10, 9);
    assert.deepEqual(
      series.rows(10).map(({ at, acknowledged, delivered }) => [at - START, acknowledged, delivered]),
      [[0, 0, 1], [1000, 0, 0], [2000, 1, 0]], // prettier-ignore
    );
  });

  test('too many seconds share rows and lose nothing', () => {
    const series = new Series();
    for (let second = 0; second < 100; second++) series.acknowledged(START + second * 1000, second);
    const rows = series.rows(30);
    assert.equal(rows.length, 25);
    assert.equal(
      rows.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
      100,
    );
    assert.equal(rows.at(-1)?.sendMs, 99);
  });
});
