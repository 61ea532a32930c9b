/** Tells the topology's webhook. One that cannot be reached changes no verdict; what became of it stands in the history. */
import { isCancellation } from '@temporalio/workflow';
import type { WebhookEvent } from '../activities/drills/notify.js';
import type { Topology } from '../core/topology/topology.js';
import { activities } from './calls.js';
import { notifying } from './profiles.js';

export async function tell(topology: Topology, event: WebhookEvent): Promise<void> {
  if (topology.notify === undefined) return;
  const call = activities({ summary: `tell the webhook: ${event.verdict}`, profile: notifying });
  await call.notify({ topology, event }).catch((error: unknown) => {
    if (isCancellation(error)) throw error;
  });
}
