/** The messages of one producer in columns: as objects a million of them would be hundreds of megabytes. */
import type { DeliveredRecord, SentRecord } from './ledger.js';

/** In the order of what tells more, should one message have two records. */
export const NEVER_SENT = 0;
export const FAILED = 1;
export const UNKNOWN = 2;
export const ACKNOWLEDGED = 3;
const RANK = { failed: FAILED, unknown: UNKNOWN, acknowledged: ACKNOWLEDGED };

/** Numbers count up from 0, so a larger one is no record of the load's; it would only cost memory. */
const MOST_MESSAGES = 1 << 26;

export class ProducerMessages {
  /** One more than the highest number sent. */
  length = 0;
  outcome = new Uint8Array(256);
  sentAt = new Float64Array(256);
  /** NaN while no answer came. */
  endedAt = new Float64Array(256);
  /** Of the first delivery; NaN without one. */
  firstAt = new Float64Array(256).fill(Number.NaN);
  deliveries = new Uint32Array(256);
  /** Deliveries that the broker flagged, and whether the first was one of them. */
  flagged = new Uint32Array(256);
  firstFlagged = new Uint8Array(256);
  stuck = new Uint8Array(256);

  send({ seq, sentAt, endedAt, outcome }: SentRecord): void {
    if (seq >= this.length) this.#grow(seq + 1);
    const isNew = this.outcome[seq] === NEVER_SENT;
    const rank = RANK[outcome];
    const end = endedAt ?? Number.NaN;
    if (!isNew && rank < at(this.outcome, seq)) return;
    const isBetter = isNew || rank > at(this.outcome, seq);
    this.outcome[seq] = rank;
    this.sentAt[seq] = isBetter ? sentAt : Math.min(at(this.sentAt, seq), sentAt);
    this.endedAt[seq] = isBetter ? end : earlier(at(this.endedAt, seq), end);
  }

  /** Whether it is one that was sent and may be stored. */
  mayExist = (seq: number): boolean => seq < this.length && at(this.outcome, seq) >= UNKNOWN;

  deliver({ seq, at: moment, redelivered }: Pick<DeliveredRecord, 'seq' | 'at' | 'redelivered'>): void {
    this.deliveries[seq] = at(this.deliveries, seq) + 1;
    if (redelivered) this.flagged[seq] = at(this.flagged, seq) + 1;
    const first = at(this.firstAt, seq);
    const isFirst = Number.isNaN(first) || moment < first;
    // of two at one moment the one without the flag was the first, whichever record comes first
    if (isFirst || (moment === first && !redelivered)) this.firstFlagged[seq] = redelivered ? 1 : 0;
    if (isFirst) this.firstAt[seq] = moment;
  }

  #grow(length: number): void {
    if (length > MOST_MESSAGES) throw new RangeError(`message number ${length - 1} is no number of the load's`);
    this.length = length;
    if (length <= this.outcome.length) return;
    const size = 2 ** Math.ceil(Math.log2(length));
    this.outcome = wider(this.outcome, new Uint8Array(size));
    this.sentAt = wider(this.sentAt, new Float64Array(size));
    this.endedAt = wider(this.endedAt, new Float64Array(size));
    this.firstAt = wider(this.firstAt, new Float64Array(size).fill(Number.NaN));
    this.deliveries = wider(this.deliveries, new Uint32Array(size));
    this.flagged = wider(this.flagged, new Uint32Array(size));
    this.firstFlagged = wider(this.firstFlagged, new Uint8Array(size));
    this.stuck = wider(this.stuck, new Uint8Array(size));
  }
}

type Column = Uint8Array | Uint32Array | Float64Array;

function wider<C extends Column>(column: C, larger: C): C {
  larger.set(column);
  return larger;
}

/** What a column holds; within its length there is always something. */
export const at = (column: Column, index: number): number => column[index] ?? 0;

const earlier = (one: number, other: number): number =>
  Number.isNaN(one) ? other : Number.isNaN(other) ? one : Math.min(one, other);
