/** All that is known of the messages of one flow, by producer. Pure to its owner, who fills it once. */
import type { DeliveredRecord, SentRecord, StuckRecord } from './ledger.js';
import { at, ProducerMessages } from './producer-messages.js';

/** Deliveries of a message that was never sent, or surely not stored. */
interface Strange {
  producer: number;
  seq: number;
  deliveries: number;
  flagged: number;
  /** Of the first; of two at one moment the one without the flag. */
  firstAt: number;
  firstFlagged: boolean;
}

export class FlowMessages {
  readonly producers = new Map<number, ProducerMessages>();
  readonly strange = new Map<string, Strange>();
  /** In a queue although never sent, or surely not stored. */
  readonly strangeStuck = new Map<string, StuckRecord>();
  /** Number in a queue, by queue and broker. */
  readonly stuckIn = new Map<string, { queue: string; broker: string; count: number }>();
  foreign = 0;

  send(record: SentRecord): void {
    const known = this.producers.get(record.producer);
    const messages = known ?? new ProducerMessages();
    if (known === undefined) this.producers.set(record.producer, messages);
    messages.send(record);
  }

  /** After everything that was sent. */
  deliver(record: DeliveredRecord): void {
    const messages = this.producers.get(record.producer);
    if (messages?.mayExist(record.seq)) messages.deliver(record);
    else this.#deliverStrange(record);
  }

  #deliverStrange({ producer, seq, at: moment, redelivered }: DeliveredRecord): void {
    const key = `${producer}:${seq}`;
    const known = this.strange.get(key);
    const entry = known ?? { producer, seq, deliveries: 0, flagged: 0, firstAt: Infinity, firstFlagged: false };
    if (known === undefined) this.strange.set(key, entry);
    entry.deliveries++;
    if (redelivered) entry.flagged++;
    if (moment < entry.firstAt) entry.firstFlagged = redelivered;
    else if (moment === entry.firstAt && !redelivered) entry.firstFlagged = false;
    entry.firstAt = Math.min(entry.firstAt, moment);
  }

  /** After everything that was delivered: what somebody received is not stuck, though a copy may lie in a queue. */
  leave(record: StuckRecord): void {
    const { producer, seq, queue, broker } = record;
    const messages = this.producers.get(producer);
    if (messages?.mayExist(seq)) {
      if (at(messages.deliveries, seq) > 0) return;
      messages.stuck[seq] = 1;
    } else {
      const key = `${producer}:${seq}`;
      if (this.strange.has(key)) return;
      this.strangeStuck.set(key, record);
    }
    const place = `${queue}\n${broker}`;
    const known = this.stuckIn.get(place);
    if (known === undefined) this.stuckIn.set(place, { queue, broker, count: 1 });
    else known.count++;
  }
}
