import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { joinLedger } from '../../../core/drills/join-ledger.js';
import { parseLoadRecords } from '../../../core/drills/load-records.js';
import { FLOW, FLOWS, START } from '../../support/ledgers.js';

const parsed = (text: string, behindMs = 0) => {
  const { sent, delivered, stuck, foreign } = parseLoadRecords([{ text, behindMs }]);
  return { sent: [...sent], delivered: [...delivered], stuck: [...stuck], foreign };
};

const PRODUCER = `producer ${FLOW} 101 ${START}.\ns 0 1500.\na 0 2500.\ns 1 11500.\nf 1 12500.\ns 2 21500.\nu 2 22500.\ns 3 31500.\n`;
const CONSUMER = `consumer ${FLOW} 1 ${START + 5}.\nd 101 0 1000 0.\nd 101 0 9000 1.\nx 9500.\n`;
const QUEUE = `queue ${FLOW} EVERBROKER.DRILL.x brokerA.\nq 101 2.\n`;

describe('the records of the load', () => {
  test('tell what became of what was sent; without an answer it is unknown', () => {
    assert.deepEqual(parsed(PRODUCER).sent, [
      { flow: FLOW, producer: 101, seq: 0, sentAt: START + 1.5, endedAt: START + 2.5, outcome: 'acknowledged' },
      { flow: FLOW, producer: 101, seq: 1, sentAt: START + 11.5, endedAt: START + 12.5, outcome: 'failed' },
      { flow: FLOW, producer: 101, seq: 2, sentAt: START + 21.5, endedAt: START + 22.5, outcome: 'unknown' },
      { flow: FLOW, producer: 101, seq: 3, sentAt: START + 31.5, endedAt: null, outcome: 'unknown' },
    ]);
  });

  test('tell what was delivered, what was foreign, and what is left in queues', () => {
    const found = parsed(PRODUCER + CONSUMER + QUEUE);
    assert.equal(found.sent.length, 4);
    const delivery = { flow: FLOW, producer: 101, seq: 0, consumer: 1 };
    assert.deepEqual(found.delivered, [
      { ...delivery, at: START + 6, redelivered: false },
      { ...delivery, at: START + 14, redelivered: true },
    ]);
    assert.deepEqual(found.foreign, { [FLOW]: 1 });
    assert.deepEqual(found.stuck, [
      { flow: FLOW, producer: 101, seq: 2, queue: 'EVERBROKER.DRILL.x', broker: 'brokerA' },
    ]);
  });

  test('are moved by what the host’s clock is behind', () => {
    assert.equal(parsed(PRODUCER, 250).sent[0]?.sentAt, START + 251.5);
    assert.equal(parsed(CONSUMER, -5).delivered[0]?.at, START + 1);
  });

  test('cut anywhere tell no lie: an acknowledgement is whole or not there, and other files stay whole', () => {
    const whole = parsed(PRODUCER + CONSUMER);
    fc.assert(
      fc.property(fc.nat(PRODUCER.length), (length) => {
        const found = parsed(`${PRODUCER.slice(0, length)}\n${CONSUMER}`);
        assert.deepEqual(found.delivered, whole.delivered);
        for (const [index, record] of found.sent.entries()) {
          const { outcome, sentAt } = whole.sent[index]!;
          assert.equal(record.sentAt, sentAt);
          assert.ok(record.outcome === outcome || (record.outcome === 'unknown' && record.endedAt === null));
        }
      }),
      { examples: Array.from({ length: PRODUCER.length + 1 }, (_, length): [number] => [length]) },
    );
  });

  test('that no load writes are refused', () => {
    for (const line of ['a 9 100.', 's x 100.', 'z 1 2.', 's 5 1', 's 0 -1.'])
      assert.throws(() => parsed(`${PRODUCER.slice(0, -13)}${line}\nu 2 99999.\n`), RangeError, line);
    assert.throws(() => parsed('s 0 100.\n'), RangeError);
    assert.throws(() => parsed('Exception in thread "main"\n'.replace('\n', '.\n')), RangeError);
  });

  test('join into a ledger', () => {
    const { total } = joinLedger(parseLoadRecords([{ text: PRODUCER + CONSUMER + QUEUE, behindMs: 0 }]), FLOWS);
    const { sent, acknowledged, failed, unknown, delivered, duplicated, redelivered, unexpected, stuck } = total;
    assert.deepEqual(
      { sent, acknowledged, failed, unknown, delivered, duplicated, redelivered, unexpected, stuck },
      { sent: 4, acknowledged: 1, failed: 1, unknown: 2, delivered: 1, duplicated: 1, redelivered: 1, unexpected: 1, stuck: 1 }, // prettier-ignore
    );
  });
});
