/**
 * The files that the load writes while it runs (probe/src/everbroker/probe/Records.java), as text. Pure.
 *
 * A file begins with who writes it: `producer FLOW NUMBER START.`, `consumer FLOW NUMBER START.` (ms since the epoch) or
 * `queue FLOW QUEUE BROKER.`; several files may follow one another. Then a line for each event, with microseconds since START:
 * `s SEQ µs.` is sent (written before it is), and its answer `a` acknowledged, `f` failed, `u` unknown; `d PRODUCER SEQ µs
 * FLAG.` delivered (written before it is acknowledged); `x µs.` delivered and not of this load; `q PRODUCER SEQ.` found in a
 * queue. Every line ends with a full stop: one without was cut when the load was killed, and nothing follows it in its file.
 */
import type { DeliveredRecord, LedgerInput, SentRecord, StuckRecord } from './ledger.js';

/** The text of one host's files, and by how much its clock is behind, ms. */
export interface LoadText {
  text: string;
  behindMs: number;
}

/** @throws RangeError, also while it is gone through, for a line that no load writes. */
export function parseLoadRecords(texts: readonly LoadText[]): LedgerInput {
  return {
    sent: { [Symbol.iterator]: () => sentIn(texts) },
    delivered: { [Symbol.iterator]: () => deliveredIn(texts) },
    stuck: { [Symbol.iterator]: () => stuckIn(texts) },
    foreign: foreignIn(texts),
  };
}

interface Writer {
  kind: 'producer' | 'consumer' | 'queue';
  flow: string;
  number: number;
  startMs: number;
  queue: string;
  broker: string;
}

const OUTCOMES = { a: 'acknowledged', f: 'failed', u: 'unknown' } as const;

function* sentIn(texts: readonly LoadText[]): Generator<SentRecord> {
  const open = new Map<number, SentRecord>();
  for (const [writer, words] of linesOf(texts, 'producer')) {
    if (words === null) {
      yield* open.values();
      open.clear();
      continue;
    }
    const [kind = '', seqText, microseconds] = words;
    const seq = numberOf(seqText);
    const at = writer.startMs + numberOf(microseconds) / 1000;
    if (kind === 's') {
      const { flow, number: producer } = writer;
      open.set(seq, { flow, producer, seq, sentAt: at, endedAt: null, outcome: 'unknown' });
      continue;
    }
    const record = open.get(seq);
    const outcome = OUTCOMES[kind as keyof typeof OUTCOMES];
    if (record === undefined || outcome === undefined) throw strange(words);
    open.delete(seq);
    record.endedAt = at;
    record.outcome = outcome;
    yield record;
  }
}

function* deliveredIn(texts: readonly LoadText[]): Generator<DeliveredRecord> {
  for (const [{ flow, number: consumer, startMs }, words] of linesOf(texts, 'consumer')) {
    if (words === null || words[0] === 'x') continue;
    const [kind, producer, seq, microseconds, flag] = words;
    if (kind !== 'd' || (flag !== '0' && flag !== '1')) throw strange(words);
    yield {
      flow,
      producer: numberOf(producer),
      seq: numberOf(seq),
      consumer,
      at: startMs + numberOf(microseconds) / 1000,
      redelivered: flag === '1',
    };
  }
}

function foreignIn(texts: readonly LoadText[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [{ flow }, words] of linesOf(texts, 'consumer'))
    if (words?.[0] === 'x') found[flow] = (found[flow] ?? 0) + 1;
  return found;
}

function* stuckIn(texts: readonly LoadText[]): Generator<StuckRecord> {
  for (const [{ flow, queue, broker }, words] of linesOf(texts, 'queue')) {
    if (words === null) continue;
    const [kind, producer, seq] = words;
    if (kind !== 'q') throw strange(words);
    yield { flow, producer: numberOf(producer), seq: numberOf(seq), queue, broker };
  }
}

/** The words of each line of one kind of file; null when such a file ends. */
function* linesOf(texts: readonly LoadText[], kind: Writer['kind']): Generator<[Writer, string[] | null]> {
  for (const { text, behindMs } of texts) {
    let writer: Writer | null = null;
    let isCut = false;
    for (let start = 0; start < text.length;) {
      const newline = text.indexOf('\n', start);
      const end = newline < 0 ? text.length : newline;
      const first = start;
      start = end + 1;
      if (end === first) continue;
      // a header begins with a whole word, an event with a letter
      if (text[first + 1] !== ' ') {
        if (writer?.kind === kind) yield [writer, null];
        writer = writerOf(text.slice(first, end), behindMs);
        isCut = writer === null;
        continue;
      }
      if (isCut) {
        if (writer === null) continue;
        throw new RangeError(`something follows a line that was cut: ${text.slice(first, end)}`);
      }
      if (text[end - 1] !== '.' || newline < 0) isCut = true;
      else if (writer?.kind === kind) yield [writer, text.slice(first, end - 1).split(' ')];
      else if (writer === null) throw strange([text.slice(first, end)]);
    }
    if (writer?.kind === kind) yield [writer, null];
  }
}

/** Null for a header that was cut: its file holds nothing else. */
function writerOf(line: string, behindMs: number): Writer | null {
  if (!line.endsWith('.')) return null;
  const [kind, flow = '', third = '', fourth = ''] = line.slice(0, -1).split(' ');
  if (kind === 'queue') return { kind, flow, number: 0, startMs: 0, queue: third, broker: fourth };
  if (kind !== 'producer' && kind !== 'consumer') throw strange([line]);
  return { kind, flow, number: numberOf(third), startMs: numberOf(fourth) + behindMs, queue: '', broker: '' };
}

/** By hand, because a ledger of a million messages has ten million numbers. */
function numberOf(word = ''): number {
  let value = 0;
  for (let index = 0; index < word.length; index++) {
    const digit = word.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return noNumber(word);
    value = value * 10 + digit;
  }
  return word.length > 0 && word.length <= 16 ? value : noNumber(word);
}

function noNumber(word: string): never {
  throw new RangeError(`${JSON.stringify(word)} is no number of a record`);
}

const strange = (words: readonly string[]): RangeError => new RangeError(`no record: ${words.join(' ').slice(0, 100)}`);
