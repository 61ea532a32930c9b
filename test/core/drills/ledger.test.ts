import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { joinLedger } from '../../../core/drills/join-ledger.js';
import type { FlowLedger, LedgerCounts, SentRecord } from '../../../core/drills/ledger.js';
import { FLOW, FLOWS, START, aGoodLoad, arbRecords, isMessage, type Records } from '../../support/ledgers.js';

function ledgerOf(records: Records): FlowLedger {
  const [flow] = joinLedger(records, FLOWS).flows;
  assert.ok(flow);
  return flow;
}

const keyOf = ({ producer, seq }: { producer: number; seq: number }) => `${producer}:${seq}`;
const keysOf = (records: Iterable<{ producer: number; seq: number }>) => new Set([...records].map(keyOf));
const count = <T>(items: Iterable<T>, matches: (item: T) => boolean) => [...items].filter(matches).length;

/** The definitions once more, by sets, as slow as they are plain. */
function plainCounts({ sent, delivered, stuck, foreign }: Records): LedgerCounts {
  const of = (outcome: SentRecord['outcome']) => keysOf(sent.filter((record) => record.outcome === outcome));
  const [acknowledged, failed, unknown] = [of('acknowledged'), of('failed'), of('unknown')];
  const mayExist = new Set([...acknowledged, ...unknown]);
  const arrived = keysOf(delivered);
  const left = new Set([...keysOf(stuck)].filter((key) => !arrived.has(key)));
  const firsts = [...arrived].map((key) => {
    const all = delivered.filter((record) => keyOf(record) === key);
    all.sort((a, b) => a.at - b.at || Number(a.redelivered) - Number(b.redelivered));
    return { first: all[0]!, others: all.slice(1) };
  });
  const known = firsts.map(({ first }) => first).filter((first) => mayExist.has(keyOf(first)));
  return {
    sent: sent.length,
    acknowledged: acknowledged.size,
    failed: failed.size,
    unknown: unknown.size,
    delivered: known.length,
    lost: count(acknowledged, (key) => !arrived.has(key) && !left.has(key)),
    duplicated: delivered.length - firsts.length,
    redelivered: count(
      firsts.flatMap(({ others }) => others),
      ({ redelivered }) => redelivered,
    ),
    recovered: count(unknown, (key) => arrived.has(key)),
    unexpected: firsts.length - known.length + (foreign[FLOW] ?? 0),
    stuck: left.size,
    reordered: count(known, (one) =>
      known.some((other) => other.producer === one.producer && other.seq > one.seq && other.at < one.at),
    ),
  };
}

const countsOf = (ledger: LedgerCounts, plain: LedgerCounts) =>
  Object.fromEntries(Object.keys(plain).map((name) => [name, ledger[name as keyof LedgerCounts]]));

describe('the ledger of arbitrary records', () => {
  test('counts what its definitions say', () => {
    fc.assert(
      fc.property(arbRecords, (records) => {
        const plain = plainCounts(records);
        assert.deepEqual(countsOf(ledgerOf(records), plain), plain);
      }),
      { numRuns: 500 },
    );
  });

  test('leaves nothing out: every message and every delivery is in one class', () => {
    fc.assert(
      fc.property(arbRecords, (records) => {
        const ledger = ledgerOf(records);
        const { sent, acknowledged, failed, unknown, delivered, lost, recovered, duplicated, unexpected } = ledger;
        assert.equal(sent, acknowledged + failed + unknown);
        const ids = keysOf(records.sent.filter(({ outcome }) => outcome === 'acknowledged'));
        const arrived = keysOf(records.delivered);
        const left = count(ids, (key) => !arrived.has(key) && keysOf(records.stuck).has(key));
        assert.equal(acknowledged, delivered - recovered + left + lost);
        assert.equal(records.delivered.length + (records.foreign[FLOW] ?? 0), delivered + duplicated + unexpected);
      }),
    );
  });

  test('does not depend on the order of records', () => {
    const shuffled = arbRecords.chain((records) =>
      fc.record({
        records: fc.constant(records),
        sent: fc.shuffledSubarray(records.sent, { minLength: records.sent.length }),
        delivered: fc.shuffledSubarray(records.delivered, { minLength: records.delivered.length }),
        stuck: fc.shuffledSubarray(records.stuck, { minLength: records.stuck.length }),
      }),
    );
    fc.assert(
      fc.property(shuffled, ({ records, ...others }) => {
        assert.deepEqual(ledgerOf({ ...records, ...others }), ledgerOf(records));
      }),
    );
  });

  test('has rows for every second, which add up', () => {
    fc.assert(
      fc.property(arbRecords, (records) => {
        const ledger = ledgerOf(records);
        const sum = (name: 'acknowledged' | 'delivered') => ledger.seconds.reduce((total, row) => total + row[name], 0);
        assert.equal(sum('acknowledged'), ledger.acknowledged);
        assert.equal(sum('delivered'), ledger.delivered);
        ledger.seconds.forEach((row, index) => assert.equal(row.at, ledger.seconds[0]!.at + index * 1000));
      }),
    );
  });

  test('is small enough for a history, however long the load and however many its flows', () => {
    const flows = Array.from({ length: 8 }, (_, index) => ({ flow: `f${index}`, from: 'a', to: 'b' }));
    const sent = flows.flatMap(({ flow }) =>
      [0, 9_000_000].map((ms, seq): SentRecord => {
        const sentAt = START + ms;
        return { flow, producer: 1, seq, sentAt, endedAt: sentAt + 123.45, outcome: 'acknowledged' };
      }),
    );
    const ledger = joinLedger({ sent, delivered: [], stuck: [], foreign: {} }, flows);
    assert.ok(JSON.stringify(ledger).length < 1024 * 1024);
    assert.equal(ledger.flows[7]?.seconds.length, 819);
  });

  test('adds the flows up', () => {
    const other = [...FLOWS, { flow: 'b-a', from: 'b', to: 'a' }];
    fc.assert(
      fc.property(arbRecords, arbRecords, (one, two) => {
        const renamed = <R extends { flow: string }>(list: R[]) => list.map((record) => ({ ...record, flow: 'b-a' }));
        const both = {
          sent: [...one.sent, ...renamed(two.sent)],
          delivered: [...renamed(two.delivered), ...one.delivered],
          stuck: [...one.stuck, ...renamed(two.stuck)],
          foreign: { ...one.foreign, 'b-a': two.foreign[FLOW] ?? 0 },
        };
        const { flows, total } = joinLedger(both, other);
        assert.deepEqual(flows[0], ledgerOf(one));
        assert.deepEqual({ ...flows[1], flow: FLOW, from: 'a', to: 'b' }, ledgerOf(two));
        for (const [name, value] of Object.entries(total))
          assert.equal(value, flows[0][name as keyof LedgerCounts] + flows[1]![name as keyof LedgerCounts]);
      }),
    );
  });
});

describe('the ledger of a good load in which an error is planted', () => {
  const good = ledgerOf(aGoodLoad());
  const changed = (change: (records: Records) => void) => {
    const records = aGoodLoad();
    change(records);
    return ledgerOf(records);
  };
  const differences = (ledger: FlowLedger) =>
    Object.fromEntries(
      Object.keys(joinLedger(aGoodLoad(), FLOWS).total)
        .map((name) => [name, ledger[name as keyof LedgerCounts]] as const)
        .filter(([name, value]) => value !== good[name as keyof LedgerCounts]),
    );
  const sentOf = (records: Records, producer: number, seq: number) => records.sent.find(isMessage(producer, seq))!;
  const deliveryOf = (records: Records, producer: number, seq: number) =>
    records.delivered.find(isMessage(producer, seq))!;
  const withoutDelivery = (records: Records) => {
    records.delivered = records.delivered.filter((record) => !isMessage(1, 70)(record));
  };

  test('finds nothing where there is none', () => {
    const { lost, duplicated, unexpected, stuck, reordered, recovered, unknown } = good;
    assert.deepEqual([lost, duplicated, unexpected, stuck, reordered, recovered, unknown], [0, 0, 0, 0, 0, 0, 0]);
    assert.deepEqual(good.examples, {});
    assert.deepEqual(good.sendMs, { p50: 2, p90: 2, p99: 2, max: 2 });
    assert.deepEqual(good.deliveryMs, { p50: 4, p90: 4, p99: 4, max: 4 });
  });

  test('one lost', () => {
    const ledger = changed(withoutDelivery);
    assert.deepEqual(differences(ledger), { delivered: 999, lost: 1 });
    assert.deepEqual(ledger.examples, { lost: ['1:70'] });
  });

  test('one stuck, with where', () => {
    const ledger = changed((records) => {
      withoutDelivery(records);
      records.stuck.push({ flow: FLOW, producer: 1, seq: 70, queue: 'q', broker: 'b' });
    });
    assert.deepEqual(differences(ledger), { delivered: 999, stuck: 1 });
    assert.deepEqual(ledger.stuckIn, [{ queue: 'q', broker: 'b', count: 1 }]);
  });

  test('a copy in a queue of what was delivered is not stuck', () => {
    const ledger = changed((records) =>
      records.stuck.push({ flow: FLOW, producer: 1, seq: 70, queue: 'q', broker: 'b' }),
    );
    assert.deepEqual(differences(ledger), {});
  });

  test('one delivered three times, once with the flag', () => {
    const ledger = changed((records) => {
      const delivery = deliveryOf(records, 2, 9);
      records.delivered.push({ ...delivery, at: delivery.at + 100 });
      records.delivered.push({ ...delivery, at: delivery.at + 900, redelivered: true });
    });
    assert.deepEqual(differences(ledger), { duplicated: 2, redelivered: 1 });
    assert.deepEqual(ledger.examples, { duplicated: ['2:9'] });
  });

  test('a flag on the first delivery alone is no duplicate', () => {
    const ledger = changed((records) => {
      deliveryOf(records, 2, 9).redelivered = true;
    });
    assert.deepEqual(differences(ledger), {});
  });

  test('one of unknown outcome is neither lost nor acknowledged when it does not arrive', () => {
    const ledger = changed((records) => {
      withoutDelivery(records);
      Object.assign(sentOf(records, 1, 70), { outcome: 'unknown', endedAt: null });
    });
    assert.deepEqual(differences(ledger), { acknowledged: 999, unknown: 1, delivered: 999 });
    assert.deepEqual(ledger.examples, { unknown: ['1:70'] });
  });

  test('one of unknown outcome that arrives is recovered', () => {
    const ledger = changed((records) => {
      sentOf(records, 1, 70).outcome = 'unknown';
    });
    assert.deepEqual(differences(ledger), { acknowledged: 999, unknown: 1, recovered: 1 });
  });

  test('one that failed and arrives is unexpected, as is one never sent and one of somebody else', () => {
    const ledger = changed((records) => {
      sentOf(records, 1, 70).outcome = 'failed';
      records.delivered.push({ flow: FLOW, producer: 7, seq: 0, consumer: 1, at: START, redelivered: false });
      records.foreign[FLOW] = 1;
    });
    assert.deepEqual(differences(ledger), { acknowledged: 999, failed: 1, delivered: 999, unexpected: 3 });
    assert.deepEqual(ledger.examples, { unexpected: ['1:70', '7:0'] });
  });

  test('one that was overtaken by a later message of its producer is reordered, once', () => {
    const ledger = changed((records) => {
      deliveryOf(records, 1, 70).at += 35;
    });
    assert.deepEqual(differences(ledger), { reordered: 1 });
    assert.deepEqual(ledger.examples, { reordered: ['1:70'] });
  });

  test('of many examples twenty are told', () => {
    const ledger = changed((records) => {
      records.delivered = records.delivered.filter(({ seq }) => seq < 100);
    });
    assert.equal(ledger.lost, 800);
    assert.equal(ledger.examples.lost?.length, 20);
    assert.equal(ledger.examples.lost?.[0], '1:100');
  });

  test('a record of a flow that is not the load’s is refused', () => {
    assert.throws(() => joinLedger(aGoodLoad(), []), RangeError);
  });
});
