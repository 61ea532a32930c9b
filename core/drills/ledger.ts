/** What became of every message, by the records of those who sent and received it. Pure. */

/** A message of a flow is known by its producer and its number there, from 0 without gaps. */
export interface SentRecord {
  flow: string;
  producer: number;
  seq: number;
  /** ms since the epoch by the clock of the load's host. */
  sentAt: number;
  /** When the broker's answer came; null while none did. */
  endedAt: number | null;
  /** unknown: sent, and no answer (also: the load's own process died). failed: surely not stored. */
  outcome: 'acknowledged' | 'failed' | 'unknown';
}

export interface DeliveredRecord {
  flow: string;
  producer: number;
  seq: number;
  consumer: number;
  at: number;
  redelivered: boolean;
}

/** Messages found in queues after draining. */
export interface StuckRecord {
  flow: string;
  producer: number;
  seq: number;
  queue: string;
  broker: string;
}

/** Each is gone through once, in any order: a million records need not be objects at the same time. */
export interface LedgerInput {
  sent: Iterable<SentRecord>;
  delivered: Iterable<DeliveredRecord>;
  stuck: Iterable<StuckRecord>;
  /** Deliveries by flow whose message carried no id of it. */
  foreign: Readonly<Record<string, number>>;
}

/** Counts of one flow. */
export interface LedgerCounts {
  sent: number;
  acknowledged: number;
  failed: number;
  unknown: number;
  /** Acknowledged or unknown, and delivered at least once. */
  delivered: number;
  /** Acknowledged, not delivered, in no queue. */
  lost: number;
  /** Deliveries beyond the first of a message. */
  duplicated: number;
  /** Of those, the ones that the broker flagged as redelivered. */
  redelivered: number;
  /** Unknown, and delivered all the same. */
  recovered: number;
  /** Delivered although never sent, or surely not stored, or of somebody else. */
  unexpected: number;
  /** Not delivered, found in a queue; also where nobody knows whether it was stored. */
  stuck: number;
  /** Messages whose first delivery came after that of a later one of the same producer. */
  reordered: number;
}

export interface Percentiles {
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

/** One second of one flow. */
export interface LedgerSecond {
  /** ms since the epoch, a whole second. */
  at: number;
  acknowledged: number;
  delivered: number;
  /** Longest answer of the broker that ended in it, ms. */
  sendMs: number;
  /** Longest way from sending to delivery that ended in it, ms. */
  deliveryMs: number;
}

/** Longest silence of a flow, in which nothing was acknowledged (or delivered) although it was tried. */
export interface Silence {
  from: number;
  to: number;
}

export interface FlowLedger extends LedgerCounts {
  flow: string;
  from: string;
  to: string;
  /** Examples by class, at most 20 each, as `producer:seq`. */
  examples: Partial<Record<'lost' | 'duplicated' | 'unexpected' | 'stuck' | 'reordered' | 'unknown', string[]>>;
  /** Queue and broker of what is stuck, with its number. */
  stuckIn: { queue: string; broker: string; count: number }[];
  sendMs: Percentiles | null;
  deliveryMs: Percentiles | null;
  producerSilence: Silence | null;
  consumerSilence: Silence | null;
  seconds: LedgerSecond[];
}

export interface Ledger {
  flows: FlowLedger[];
  total: LedgerCounts;
}

export const noCounts = (): LedgerCounts => ({
  sent: 0,
  acknowledged: 0,
  failed: 0,
  unknown: 0,
  delivered: 0,
  lost: 0,
  duplicated: 0,
  redelivered: 0,
  recovered: 0,
  unexpected: 0,
  stuck: 0,
  reordered: 0,
});
