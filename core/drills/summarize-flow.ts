/** Counts, examples, latencies, silences and the series of one flow. Pure. */
import type { FlowMessages } from './flow-messages.js';
import { noCounts, type FlowLedger, type LedgerCounts } from './ledger.js';
import { percentilesOf } from './percentiles.js';
import { ACKNOWLEDGED, at, FAILED, NEVER_SENT, UNKNOWN, type ProducerMessages } from './producer-messages.js';
import { Series } from './series.js';
import { longestSilence } from './silences.js';

const MOST_EXAMPLES = 20;

type Summary = Omit<FlowLedger, 'flow' | 'from' | 'to'>;
type Example = keyof FlowLedger['examples'];

/** Goes through the messages in the order of producers and numbers, so that examples do not depend on that of records. */
export function summarizeFlow(flow: FlowMessages, mostRows: number): Summary {
  const counts = noCounts();
  const examples = new Examples();
  const producers = [...flow.producers].sort(([one], [other]) => one - other);
  for (const [producer, messages] of producers) countProducer(messages, { producer, counts, examples });
  countStrange(flow, counts, examples);
  const columns = gather(producers.map(([, messages]) => messages));
  return {
    ...counts,
    examples: examples.found,
    stuckIn: [...flow.stuckIn.values()].sort((a, b) => (`${a.queue} ${a.broker}` < `${b.queue} ${b.broker}` ? -1 : 1)),
    ...timesOf(columns, mostRows),
  };
}

class Examples {
  readonly found: FlowLedger['examples'] = {};

  add(name: Example, producer: number, seq: number): void {
    const list = (this.found[name] ??= []);
    if (list.length < MOST_EXAMPLES) list.push(`${producer}:${seq}`);
  }
}

interface Counting {
  producer: number;
  counts: LedgerCounts;
  examples: Examples;
}

function countProducer(messages: ProducerMessages, { producer, counts, examples }: Counting): void {
  const { length, outcome, deliveries, flagged, firstFlagged, firstAt, stuck } = messages;
  const late = reordered(messages);
  for (let seq = 0; seq < length; seq++) {
    const result = at(outcome, seq);
    if (result === NEVER_SENT) continue;
    counts.sent++;
    if (result === FAILED) {
      counts.failed++;
      continue;
    }
    const times = at(deliveries, seq);
    if (result === UNKNOWN) {
      counts.unknown++;
      if (times > 0) counts.recovered++;
      examples.add('unknown', producer, seq);
    } else counts.acknowledged++;
    if (times > 0) {
      counts.delivered++;
      counts.duplicated += times - 1;
      counts.redelivered += at(flagged, seq) - at(firstFlagged, seq);
      if (times > 1) examples.add('duplicated', producer, seq);
    } else if (at(stuck, seq) === 1) {
      counts.stuck++;
      examples.add('stuck', producer, seq);
    } else if (result === ACKNOWLEDGED) {
      counts.lost++;
      examples.add('lost', producer, seq);
    }
    if (late(seq, at(firstAt, seq))) {
      counts.reordered++;
      examples.add('reordered', producer, seq);
    }
  }
}

/** A message is late when some later one was there before it. */
function reordered({ length, firstAt }: ProducerMessages): (seq: number, moment: number) => boolean {
  const earliestAfter = new Float64Array(length);
  let earliest = Number.POSITIVE_INFINITY;
  for (let seq = length - 1; seq >= 0; seq--) {
    earliestAfter[seq] = earliest;
    const moment = at(firstAt, seq);
    if (moment < earliest) earliest = moment;
  }
  // NaN, which is no delivery, is later than nothing
  return (seq, moment) => moment > at(earliestAfter, seq);
}

function countStrange(
  { strange, strangeStuck, foreign }: FlowMessages,
  counts: LedgerCounts,
  examples: Examples,
): void {
  const inOrder = [...strange.values()].sort((a, b) => a.producer - b.producer || a.seq - b.seq);
  for (const { producer, seq, deliveries, flagged, firstFlagged } of inOrder) {
    counts.unexpected++;
    counts.duplicated += deliveries - 1;
    counts.redelivered += flagged - (firstFlagged ? 1 : 0);
    examples.add('unexpected', producer, seq);
    if (deliveries > 1) examples.add('duplicated', producer, seq);
  }
  for (const { producer, seq } of [...strangeStuck.values()].sort((a, b) => a.producer - b.producer || a.seq - b.seq)) {
    counts.stuck++;
    examples.add('stuck', producer, seq);
  }
  counts.unexpected += foreign;
}

interface Columns {
  sentAt: Float64Array;
  /** Of acknowledged ones; NaN of others. */
  acknowledgedAt: Float64Array;
  deliveredAt: Float64Array;
  /** Last moment that a producer tells of, and that anybody does. */
  lastProduced: number;
  lastMoment: number;
}

/** The messages that were sent, of all producers in a row. */
function gather(producers: readonly ProducerMessages[]): Columns {
  const size = producers.reduce((sum, { length }) => sum + length, 0);
  const columns = [new Float64Array(size), new Float64Array(size), new Float64Array(size)] as const;
  const [sentAt, acknowledgedAt, deliveredAt] = columns;
  let count = 0;
  let lastProduced = Number.NEGATIVE_INFINITY;
  let lastMoment = Number.NEGATIVE_INFINITY;
  for (const messages of producers) {
    for (let seq = 0; seq < messages.length; seq++) {
      const outcome = at(messages.outcome, seq);
      if (outcome === NEVER_SENT) continue;
      const [sent, ended, first] = [at(messages.sentAt, seq), at(messages.endedAt, seq), at(messages.firstAt, seq)];
      sentAt[count] = sent;
      acknowledgedAt[count] = outcome === ACKNOWLEDGED ? ended : Number.NaN;
      deliveredAt[count] = first;
      count++;
      lastProduced = Math.max(lastProduced, sent, ended >= sent ? ended : sent);
      lastMoment = Math.max(lastMoment, lastProduced, first >= sent ? first : sent);
    }
  }
  const [sent, acknowledged, delivered] = columns.map((column) => column.subarray(0, count));
  return {
    sentAt: sent ?? sentAt,
    acknowledgedAt: acknowledged ?? acknowledgedAt,
    deliveredAt: delivered ?? deliveredAt,
    lastProduced,
    lastMoment,
  };
}

function timesOf(
  columns: Columns,
  mostRows: number,
): Pick<Summary, 'sendMs' | 'deliveryMs' | 'producerSilence' | 'consumerSilence' | 'seconds'> {
  const { sentAt, acknowledgedAt, deliveredAt, lastProduced, lastMoment } = columns;
  const series = new Series();
  sentAt.forEach((sent, index) => {
    const acknowledged = at(acknowledgedAt, index);
    const delivered = at(deliveredAt, index);
    if (!Number.isNaN(acknowledged)) series.acknowledged(acknowledged, acknowledged - sent);
    if (!Number.isNaN(delivered)) series.delivered(delivered, delivered - sent);
  });
  return {
    sendMs: percentilesOf(differences(acknowledgedAt, sentAt)),
    deliveryMs: percentilesOf(differences(deliveredAt, sentAt)),
    producerSilence: longestSilence({ triedAt: sentAt, succeededAt: acknowledgedAt, until: lastProduced }),
    consumerSilence: longestSilence({ triedAt: sentAt, succeededAt: deliveredAt, until: lastMoment }),
    seconds: series.rows(mostRows),
  };
}

/** Clocks of two hosts may differ by a little more than a message takes: it never takes less than nothing. */
const differences = (later: Float64Array, earlier: Float64Array): Float64Array =>
  later
    .map((moment, index) => Math.max(0, moment - at(earlier, index)))
    .filter((difference) => !Number.isNaN(difference));
