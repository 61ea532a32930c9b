/** What browsing the queues of a drill found. Pure. */
import type { BrowseReport } from '../probe-report.js';
import { probeUrl, type BrowseTask } from '../probe-request.js';
import { openwireScheme } from '../tls.js';
import { groupNames, hostOf, nodesOfGroup, type Topology } from '../topology/topology.js';
import type { PlacedFlow } from './place-load.js';

export interface StuckIn {
  flow: string;
  queue: string;
  /** Group whose master has it. */
  broker: string;
  count: number;
  /** `producer:ranges`, apart by blanks. */
  ids: string;
}

/** A queue that could not be looked into: what waits there is known to nobody. */
export interface UnseenQueue {
  flow: string;
  /** Group whose master was to be asked. */
  broker: string;
  why: string;
}

/** A message may be stuck at either end of its way, or between them: every group is asked for every queue. */
export function browseTasks(topology: Topology, flows: readonly PlacedFlow[], timeoutMs: number): BrowseTask[] {
  return flows.flatMap(({ flow, queue }) =>
    groupNames(topology).map((group) => ({
      task: 'browse' as const,
      name: `${flow} ${group}`,
      queue,
      from: groupUrl(topology, group, timeoutMs),
      timeoutMs,
    })),
  );
}

export const groupUrl = (topology: Topology, group: string, timeoutMs: number): string => {
  const nodes = nodesOfGroup(topology, group).map(({ host, openwire }) => ({
    address: hostOf(topology, host).address,
    port: openwire,
  }));
  return probeUrl(nodes, timeoutMs, openwireScheme(topology));
};

/** Flow and group of a task of the above. */
export function askedFor(name: string): { flow: string; broker: string } {
  const [flow = '', broker = ''] = name.split(' ');
  return { flow, broker };
}

export function stuckOf(flows: readonly PlacedFlow[], reports: readonly BrowseReport[]): StuckIn[] {
  return reports.flatMap(({ name, count, ids }) => {
    const { flow, broker } = askedFor(name);
    const queue = flows.find((placed) => placed.flow === flow)?.queue ?? '';
    return count === 0 ? [] : [{ flow, queue, broker, count, ids }];
  });
}

/** The same as a file of records, which the ledger reads; see load-records.ts. */
export function stuckText(stuck: readonly StuckIn[]): string {
  const lines = stuck.flatMap(({ flow, queue, broker, ids }) => [
    `queue ${flow} ${queue} ${broker}.`,
    ...ids.split(' ').flatMap((part) => {
      const [producer = '', ranges = ''] = part.split(':');
      return numbersIn(ranges).map((seq) => `q ${producer} ${seq}.`);
    }),
  ]);
  return lines.map((line) => `${line}\n`).join('');
}

/** `0-2,7` → 0, 1, 2, 7. */
const numbersIn = (ranges: string): number[] =>
  ranges.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
