/** Tells the topology's webhook what a drill or a verification found. Temporal tries again until it is taken. */
import { createHmac } from 'node:crypto';
import { EverbrokerError } from '../../core/failure.js';
import type { Hypothesis } from '../../core/drills/record.js';
import type { Check } from '../../core/contract.js';
import type { Topology } from '../../core/topology/topology.js';
import type { Deps } from '../deps.js';

export type WebhookEvent =
  | {
      event: 'drill';
      cluster: string;
      verdict: string;
      reason: string;
      drill: string;
      workflowId: string;
      hypotheses: readonly Hypothesis[];
    }
  | { event: 'verification'; cluster: string; verdict: string; workflowId: string; failed: readonly Check[] };

/**
 * POSTs the event as JSON. With a secret, `X-Everbroker-Signature` is `t=<seconds>,v1=<HMAC-SHA256 of "<t>.<body>", hex>`:
 * the time is signed too, so that an old call cannot be sent again.
 * @throws EverbrokerError WebhookFailed when it was not taken (no 2xx): tried again.
 */
export async function notify(
  deps: Deps,
  { topology, event }: { topology: Topology; event: WebhookEvent },
  signal: AbortSignal,
): Promise<{ status: number }> {
  const webhook = topology.notify?.webhook;
  if (webhook === undefined) return { status: 0 };
  deps.permit(topology);
  const body = JSON.stringify(event);
  const headers: Record<string, string> = { 'content-type': 'application/json', 'user-agent': 'everbroker' };
  if (webhook.secret !== undefined) {
    const seconds = Math.floor(Date.now() / 1000);
    const key = await deps.resolveSecret(webhook.secret);
    const mac = createHmac('sha256', key).update(`${seconds}.${body}`).digest('hex');
    headers['x-everbroker-signature'] = `t=${seconds},v1=${mac}`;
  }
  // A redirect would send the signed event to somebody else.
  const request = {
    method: 'POST',
    headers,
    body,
    redirect: 'manual',
    signal: AbortSignal.any([signal, AbortSignal.timeout(15_000)]),
  } as const;
  const answer = await fetch(webhook.url, request).catch((error: unknown) => {
    signal.throwIfAborted();
    throw failed(webhook.url, reasonOf(error));
  });
  await answer.body?.cancel();
  if (!answer.ok) throw failed(webhook.url, `status ${answer.status}`);
  return { status: answer.status };
}

const failed = (url: string, why: string): EverbrokerError =>
  new EverbrokerError('WebhookFailed', `${new URL(url).origin} did not take the event: ${why}`);

/** fetch says "fetch failed" and hides the reason below. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}
