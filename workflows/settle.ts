import { sleep } from '@temporalio/workflow';
import type { Check } from '../core/contract.js';
import { failedText } from '../core/health/fault.js';
import { stepFailure } from './failure-text.js';

/** How long roles and bridges may take to settle after the last start: a failover of a loaded machine, thrice over. */
const SETTLE_MS = 30_000;
const SETTLE_POLL_MS = 500;

/**
 * Looks until every check is well.
 * @throws ApplicationFailure VerificationFailed with the checks that still failed at the end.
 */
export async function settle<T extends { checks: Check[] }>(what: string, look: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const seen = await look();
    const failed = seen.checks.filter((check) => !check.ok);
    if (failed.length === 0) return seen;
    if (Date.now() >= deadline) throw stepFailure('VerificationFailed', failedText(failed));
    await sleep(SETTLE_POLL_MS, { summary: `${what} · not settled yet` });
  }
}
