/** Throughput and latency over time, in whole seconds. Pure. */
import type { LedgerSecond } from './ledger.js';
import { rounded } from './percentiles.js';

/** Collects moments in any order and gives a row for every second from the first to the last, also where nothing was. */
export class Series {
  readonly #seconds = new Map<number, LedgerSecond>();

  acknowledged(moment: number, tookMs: number): void {
    const row = this.#row(moment);
    row.acknowledged++;
    row.sendMs = Math.max(row.sendMs, rounded(tookMs));
  }

  delivered(moment: number, tookMs: number): void {
    const row = this.#row(moment);
    row.delivered++;
    row.deliveryMs = Math.max(row.deliveryMs, rounded(tookMs));
  }

  /** Where there are too many seconds, a row holds several: then its rates are those of all of them. */
  rows(most: number): LedgerSecond[] {
    const found = [...this.#seconds.values()].sort((a, b) => a.at - b.at);
    const [first, last] = [found[0], found.at(-1)];
    if (first === undefined || last === undefined) return [];
    const step = 1000 * Math.ceil(((last.at - first.at) / 1000 + 1) / most);
    const count = Math.floor((last.at - first.at) / step) + 1;
    const rows = Array.from({ length: count }, (_, index) => emptyRow(first.at + index * step));
    for (const second of found) {
      const row = rows[Math.floor((second.at - first.at) / step)];
      if (row === undefined) continue;
      row.acknowledged += second.acknowledged;
      row.delivered += second.delivered;
      row.sendMs = Math.max(row.sendMs, second.sendMs);
      row.deliveryMs = Math.max(row.deliveryMs, second.deliveryMs);
    }
    return rows;
  }

  #row(moment: number): LedgerSecond {
    const at = Math.floor(moment / 1000) * 1000;
    const row = this.#seconds.get(at) ?? emptyRow(at);
    if (!this.#seconds.has(at)) this.#seconds.set(at, row);
    return row;
  }
}

const emptyRow = (at: number): LedgerSecond => ({ at, acknowledged: 0, delivered: 0, sendMs: 0, deliveryMs: 0 });
