import { sleep } from '@temporalio/workflow';
import type { Check } from '../core/contract.js';
import { failedText } from '../core/health/fault.js';
import { stepFailure } from './failure-text.js';

/** How long roles and bridges may take to settle after the last start: a failover of a loaded machine, thrice over. */
const SETTLE_MS = 30_000;
/** The first look is often a moment too early: a console answers a second after the broker. */
const SETTLE_POLL_MS = { first: 200, most: 500 };

/**
 * Looks until every check is well.
 * @throws ApplicationFailure VerificationFailed with the checks that still failed at the end.
 */
export async function settle<T extends { checks: Check[] }>(what: string, look: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + SETTLE_MS;
  for (let pollMs = SETTLE_POLL_MS.first; ; pollMs = Math.min(pollMs * 2, SETTLE_POLL_MS.most)) {
    const seen = await look();
    const failed = seen.checks.filter((check) => !check.ok);
    if (failed.length === 0) return seen;
    if (Date.now() >= deadline) throw stepFailure('VerificationFailed', failedText(failed));
    await sleep(pollMs, { summary: `${what} · not settled yet` });
  }
}
