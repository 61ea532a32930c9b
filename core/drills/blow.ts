/** What a strike is made of, and what makes it. Pure. */
import { groupNames, type Topology } from '../topology/topology.js';
import type { HostFault } from './host-fault.js';

/** One fault on one host. */
export interface Blow {
  host: string;
  fault: HostFault;
}

/** What is hit at once; a drill has several only where each node is hit in turn. */
export interface Strike {
  /** Names for people: nodes, hosts, `bridge A-B`, `database x`. */
  targets: string[];
  /** The group that loses something. */
  group: string | null;
  /** Hosts from which no load may be driven. */
  touched: string[];
  detail: string;
  blows: Blow[];
  holdSeconds: number;
}

export type StrikeResult = { ok: true; strike: Strike } | { ok: false; reason: string };

/** Finishes a strike; the hold is the fault's unless another is given, seconds. */
export type Made = (rest: Omit<Strike, 'holdSeconds'>, hold?: number) => StrikeResult;

export const firstGroup = (topology: Topology): string => groupNames(topology)[0] ?? '';
