/** How workflows call activities: on the host's own queue, with a summary that a person reads, under a named profile. */
import { proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import { hostNames, hostOf, type Topology } from '../core/topology/topology.js';

export interface Call {
  summary: string;
  profile: ActivityOptions;
  /** Host whose worker must run it; absent for the operation's own queue. */
  on?: { topology: Topology; host: string };
}

export function activities(call: Call): Activities {
  const queue = call.on === undefined ? {} : { taskQueue: hostOf(call.on.topology, call.on.host).taskQueue };
  return proxyActivities<Activities>({ ...call.profile, ...queue, summary: call.summary });
}

/** Hosts by the task queue of their workers: what one worker can do in one activity. */
export function hostsByQueue(topology: Topology): string[][] {
  const queues = new Map<string, string[]>();
  for (const host of hostNames(topology)) {
    const queue = hostOf(topology, host).taskQueue;
    queues.set(queue, [...(queues.get(queue) ?? []), host]);
  }
  return [...queues.values()];
}
