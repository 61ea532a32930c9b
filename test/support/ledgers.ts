/** Ledgers for tests: what a load that went well leaves behind, errors to plant in it, and arbitrary ones. */
import fc from 'fast-check';
import type { DeliveredRecord, SentRecord, StuckRecord } from '../../core/drills/ledger.js';

export interface Records {
  sent: SentRecord[];
  delivered: DeliveredRecord[];
  stuck: StuckRecord[];
  foreign: Record<string, number>;
}

export const FLOW = 'a-b';
export const FLOWS = [{ flow: FLOW, from: 'a', to: 'b' }];
/** When the load began; any whole second will do. */
export const START = 1_700_000_000_000;

/** A message every ten milliseconds, acknowledged after two and delivered after four. */
export function aGoodLoad({ producers = 2, messages = 500 } = {}): Records {
  const records: Records = { sent: [], delivered: [], stuck: [], foreign: {} };
  for (let producer = 1; producer <= producers; producer++) {
    for (let seq = 0; seq < messages; seq++) {
      const sentAt = START + seq * 10 + producer;
      records.sent.push({ flow: FLOW, producer, seq, sentAt, endedAt: sentAt + 2, outcome: 'acknowledged' });
      records.delivered.push({ flow: FLOW, producer, seq, consumer: 1, at: sentAt + 4, redelivered: false });
    }
  }
  return records;
}

export const isMessage =
  (producer: number, seq: number) =>
  (record: { producer: number; seq: number }): boolean =>
    record.producer === producer && record.seq === seq;

const producer = fc.integer({ min: 1, max: 3 });
const seq = fc.integer({ min: 0, max: 12 });
const moment = fc.integer({ min: 0, max: 5000 }).map((ms) => START + ms);

const arbSent = fc.uniqueArray(
  fc.record({ producer, seq, sentAt: moment, took: fc.integer({ min: 0, max: 900 }), outcome: fc.nat(3) }),
  { selector: (record) => `${record.producer}:${record.seq}`, maxLength: 30 },
);

/** Records that need not fit together: what a broken cluster, or somebody else's messages, would leave. */
export const arbRecords: fc.Arbitrary<Records> = fc
  .record({
    sent: arbSent,
    delivered: fc.array(fc.record({ producer, seq, at: moment, redelivered: fc.boolean() }), { maxLength: 40 }),
    stuck: fc.array(fc.record({ producer, seq, broker: fc.constantFrom('a', 'b') }), { maxLength: 10 }),
    foreign: fc.nat(3),
  })
  .map(({ sent, delivered, stuck, foreign }) => ({
    sent: sent.map(({ took, outcome, ...record }): SentRecord => {
      const isOpen = outcome === 3;
      const name = isOpen ? 'unknown' : (['acknowledged', 'failed', 'unknown'] as const)[outcome as 0 | 1 | 2];
      return { flow: FLOW, ...record, endedAt: isOpen ? null : record.sentAt + took, outcome: name };
    }),
    delivered: delivered.map((record) => ({ flow: FLOW, consumer: 1, ...record })),
    stuck: stuck.map((record) => ({ flow: FLOW, queue: 'EVERBROKER.DRILL.x', ...record })),
    foreign: { [FLOW]: foreign },
  }));
