/** Who was what from when to when, from the samples of all hosts. What the judge measures and the report draws. Pure. */
import type { RoleSample, SampledRole } from './samples.js';

/** `unseen`: its host recorded nothing, because it was away. */
export type LaneRole = SampledRole | 'unseen';

export interface Stretch {
  node: string;
  host: string;
  role: LaneRole;
  from: number;
  /** Of the first sample that saw another role. */
  to: number;
  /** Until when it surely was so: between two samples nobody looked. */
  seenUntil: number;
}

/** A recorder writes once a second; after so many of its usual gaps it was not there. */
const GAPS = 3;
const USUAL_GAP_MS = 1000;

/**
 * Recorders look every 200 ms and write every change, so a role that was seen last at its change less two looks was there
 * until then, even where the last line is older.
 */
const TWO_LOOKS_MS = 400;

/** The lane of each node, its stretches in the order of time. */
export function lanesOf(samples: readonly RoleSample[]): Map<string, Stretch[]> {
  const lanes = new Map<string, Stretch[]>();
  for (const [host, own] of byHost(samples)) {
    const gap = GAPS * Math.max(USUAL_GAP_MS, usualGap(own));
    for (const node of new Set(own.flatMap(({ roles }) => Object.keys(roles)))) {
      const seen = own.flatMap(({ at, roles }) => (roles[node] === undefined ? [] : [{ at, role: roles[node] }]));
      lanes.set(node, laneOf(seen, { node, host, gap }));
    }
  }
  return lanes;
}

function byHost(samples: readonly RoleSample[]): Map<string, RoleSample[]> {
  const hosts = new Map<string, RoleSample[]>();
  for (const sample of [...samples].sort((a, b) => a.at - b.at))
    hosts.set(sample.host, [...(hosts.get(sample.host) ?? []), sample]);
  return hosts;
}

/** The median: what was thinned out has longer ones. */
function usualGap(samples: readonly RoleSample[]): number {
  const gaps = samples.slice(1).map(({ at }, index) => at - (samples[index]?.at ?? at));
  return gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
}

function laneOf(
  seen: readonly { at: number; role: SampledRole }[],
  { node, host, gap }: { node: string; host: string; gap: number },
): Stretch[] {
  const lane: Stretch[] = [];
  const begin = (role: LaneRole, at: number): number =>
    lane.push({ node, host, role, from: at, to: at, seenUntil: at });
  for (const { at, role } of seen) {
    const last = lane.at(-1);
    if (last === undefined) {
      begin(role, at);
      continue;
    }
    if (at - last.seenUntil > gap) {
      last.to = last.seenUntil + USUAL_GAP_MS;
      lane.push({ node, host, role: 'unseen', from: last.to, to: at, seenUntil: at });
      begin(role, at);
    } else if (last.role === role) {
      last.to = at;
      last.seenUntil = at;
    } else {
      last.to = at;
      last.seenUntil = Math.max(last.seenUntil, at - TWO_LOOKS_MS);
      begin(role, at);
    }
  }
  return lane;
}

/** Nodes by group. */
export type Groups = Record<string, readonly { node: string }[]>;

/** Two nodes of a group that were surely master at the same time. */
export interface TwoMasters {
  group: string;
  nodes: [string, string];
  from: number;
  to: number;
}

export function twoMastersIn(groups: Groups, lanes: ReadonlyMap<string, readonly Stretch[]>): TwoMasters[] {
  return Object.keys(groups).flatMap((group) => {
    const masters = mastersOf(groups, { group, lanes });
    return masters.flatMap((one, index) =>
      masters.slice(index + 1).flatMap((other): TwoMasters[] => {
        const from = Math.max(one.from, other.from);
        const to = Math.min(one.seenUntil, other.seenUntil);
        return one.node !== other.node && from <= to ? [{ group, nodes: [one.node, other.node], from, to }] : [];
      }),
    );
  });
}

/** The stretches in which a node of the group was master, in the order of time. */
export const mastersOf = (
  groups: Groups,
  { group, lanes }: { group: string; lanes: ReadonlyMap<string, readonly Stretch[]> },
): Stretch[] =>
  (groups[group] ?? [])
    .flatMap(({ node }) => lanes.get(node) ?? [])
    .filter(({ role }) => role === 'master')
    .sort((a, b) => a.from - b.from);
