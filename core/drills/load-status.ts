/** How the load's process on a host says it is doing. Pure. */
import { z } from 'zod';

const count = z.int().nonnegative();
const status = z.object({
  state: z.enum(['running', 'ended']),
  /** Which of the processes that ran for the drill on this host it is, from 1. */
  life: count,
  /** Threads at work. */
  producers: count,
  consumers: count,
  flows: z.array(
    z.object({
      flow: z.string(),
      sent: count,
      acknowledged: count,
      failed: count,
      unknown: count,
      /** Different messages. */
      delivered: count,
    }),
  ),
  errors: z.array(z.object({ where: z.string(), class: z.string(), message: z.string(), count })),
});

export interface LoadStatus extends Omit<z.infer<typeof status>, 'state' | 'life'> {
  /** Its process lives and has not said that it ended. */
  running: boolean;
}

export type FlowCounts = LoadStatus['flows'][number];

/** @param lives Whether its process was found. Null: it was never there, or has not said anything. */
export function parseLoadStatus(text: string, lives: boolean): LoadStatus | null {
  if (text.trim() === '') return null;
  const { state, producers, consumers, flows, errors } = status.parse(JSON.parse(text));
  return { running: lives && state === 'running', producers, consumers, flows, errors };
}

/** Sums over hosts: producers and consumers of a flow may be on two of them. */
export function addStatuses(statuses: readonly LoadStatus[]): FlowCounts[] {
  const flows = new Map<string, FlowCounts>();
  for (const one of statuses.flatMap((found) => found.flows)) {
    const sum = flows.get(one.flow) ?? { ...one, sent: 0, acknowledged: 0, failed: 0, unknown: 0, delivered: 0 };
    for (const name of ['sent', 'acknowledged', 'failed', 'unknown', 'delivered'] as const) sum[name] += one[name];
    flows.set(one.flow, sum);
  }
  return [...flows.values()];
}
