import type { Percentiles } from './ledger.js';

/** By nearest rank; null of nothing. Sorts what it is given. */
export function percentilesOf(values: Float64Array): Percentiles | null {
  if (values.length === 0) return null;
  values.sort();
  const rank = (share: number): number => rounded(values[Math.max(0, Math.ceil(share * values.length) - 1)] ?? 0);
  return { p50: rank(0.5), p90: rank(0.9), p99: rank(0.99), max: rank(1) };
}

/** To a hundredth of a millisecond: clocks tell no more. */
export const rounded = (ms: number): number => Math.round(ms * 100) / 100;
