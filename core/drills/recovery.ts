/** How long it took until all was well again, measured on the samples. Pure. */
import { mastersOf, type Groups, type Stretch } from './lanes.js';

export interface Window {
  /** When the fault was in force. */
  from: number;
  /** The next fault, or the end of the samples. */
  until: number;
}

const SILENT_MS = 3000;

type Lanes = ReadonlyMap<string, readonly Stretch[]>;

/**
 * Seconds from the fault until a master served the group again; 0 when there was one all the time, null when none came.
 * A master that another one follows at once was gone in between, however short that was.
 */
export function brokerRto(
  groups: Groups,
  { group, lanes }: { group: string; lanes: Lanes },
  { from, until }: Window,
): number | null {
  const masters = mastersOf(groups, { group, lanes }).map((stretch) => ({
    ...stretch,
    to: endOf(stretch, lanes, until),
  }));
  const present = masters.filter((stretch) => stretch.from <= from && stretch.to > from);
  const lostAt = Math.max(from, ...present.map(({ to }) => to));
  if (lostAt > until) return 0;
  const next = masters.find((stretch) => stretch.from > from && stretch.from <= until && stretch.to > lostAt);
  return next === undefined ? null : (next.from - from) / 1000;
}

/** The last stretch of a lane goes on, unless its host fell silent well before the end. */
function endOf(stretch: Stretch, lanes: Lanes, until: number): number {
  const last = lanes.get(stretch.node)?.at(-1) === stretch;
  return last && until - stretch.to < SILENT_MS ? Number.POSITIVE_INFINITY : stretch.to;
}

/** Seconds from the heal until every node was master or slave, and every group had a master, for good; null: never. */
export function redundancyBack(
  groups: Groups,
  lanes: Lanes,
  { healedAt, ...window }: Window & { healedAt: number },
): number | null {
  const nodes = Object.values(groups).flatMap((members) => members.map(({ node }) => node));
  const moments = [...lanes.values()]
    .flatMap((lane) => lane.map(({ from }) => from))
    .filter((at) => at >= window.from && at <= window.until)
    .sort((a, b) => a - b);
  const lastSeen = Math.min(...nodes.map((node) => lanes.get(node)?.at(-1)?.to ?? Number.NEGATIVE_INFINITY));
  if (lastSeen < healedAt) return null;
  const broken = [window.from, ...moments].filter((at) => !isWhole(groups, lanes, at));
  const lastBroken = broken.at(-1);
  if (lastBroken === undefined) return 0;
  const whole = moments.find((at) => at > lastBroken);
  return whole === undefined ? null : Math.max(0, (whole - healedAt) / 1000);
}

/** Whether at this moment all nodes are up and every group has a master. */
function isWhole(groups: Groups, lanes: Lanes, at: number): boolean {
  return Object.values(groups).every((members) => {
    const roles = members.map(({ node }) => roleAt(lanes.get(node) ?? [], at));
    return roles.every((role) => role === 'master' || role === 'slave') && roles.includes('master');
  });
}

export function roleAt(lane: readonly Stretch[], at: number): Stretch['role'] {
  const found = lane.find((stretch) => stretch.from <= at && at < stretch.to);
  if (found !== undefined) return found.role;
  const last = lane.at(-1);
  // The last sample tells of its own moment too.
  return last !== undefined && at === last.to ? last.role : 'unseen';
}
