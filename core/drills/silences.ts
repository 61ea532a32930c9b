/** The time in which clients tried and had nothing of it: what a client calls an outage. Pure. */
import type { Silence } from './ledger.js';

/** Columns of equal length: when each was tried, and when it succeeded (NaN: never, so its outcome is no answer). */
export interface Tries {
  triedAt: Float64Array;
  succeededAt: Float64Array;
  /** Until when trying went on, should nothing have succeeded after it. */
  until: number;
}

/**
 * The longest time between two successes (or the first try and the first success, or the last success and the end) in
 * which something was tried. It begins with the success before it, or with the first try after that when nothing was on
 * its way then: a producer that sends once a minute is not silent for a minute.
 */
export function longestSilence({ triedAt, succeededAt, until }: Tries): Silence | null {
  const tries = Float64Array.from(triedAt).sort();
  // what never succeeded is on its way only in the moment of trying: nobody knows when it was given up
  const ends = succeededAt.map((end, index) => (Number.isNaN(end) ? (triedAt[index] ?? end) : end)).sort();
  const successes = succeededAt.filter((moment) => !Number.isNaN(moment)).sort();
  let longest: Silence | null = null;
  let begun = 0;
  let ended = 0;
  let last = Number.NEGATIVE_INFINITY;
  for (let index = 0; index <= successes.length; index++) {
    const next = successes[index] ?? until;
    while (begun < tries.length && (tries[begun] ?? 0) <= last) begun++;
    while (ended < ends.length && (ends[ended] ?? 0) <= last) ended++;
    const from = begun > ended ? last : (tries[begun] ?? Number.POSITIVE_INFINITY);
    if (next > from && (longest === null || next - from > longest.to - longest.from)) longest = { from, to: next };
    last = next;
  }
  return longest;
}
