/** What the row of a lock in a database says, and what that says of a group. Pure. */
import type { Check } from '../contract.js';
import { storeOf } from '../stores/index.js';
import { groupNames, nodesOfGroup, type Topology } from '../topology/topology.js';
import { failed, passed } from './fault.js';

/** JSON-plain: it goes through histories, and its texts are the database's own, which hold no password. */
export type StoreReading =
  | { state: 'read'; holder: string | null; leftMs: number }
  | { state: 'no-tables' | 'unreachable' | 'refused' | 'no-database' | 'no-rights' | 'failed'; detail: string };

export const storeCheckName = (group: string): string => `store of ${group}`;

/** Names of the checks on stores whose lock can be asked for. */
export const storeCheckNames = (topology: Topology): string[] =>
  groupNames(topology)
    .filter((group) => storeOf(topology, group).leased)
    .map(storeCheckName);

/**
 * The lease must be its master's, and of nobody else. A broker that lost it stops to serve by itself, and one that cannot
 * reach the database goes on listening without being able to store anything, so the ports alone tell neither.
 * @param readings One a host of the group that could be looked at.
 */
export function judgeStore(
  topology: Topology,
  group: string,
  { readings, master }: { readings: readonly StoreReading[]; master: string | null },
): Check[] {
  const { lease } = storeOf(topology, group);
  if (lease === null) return [];
  const name = storeCheckName(group);
  const reading = readings.find(({ state }) => state !== 'read') ?? readings[0];
  if (reading === undefined)
    return [failed(name, 'HostUnseen', `nobody could ask the database who holds the lease of ${group}`)];
  if (reading.state !== 'read') return [failed(name, 'StoreUnreachable', unreadable(group, reading))];
  const { holder, leftMs } = reading;
  const node = nodesOfGroup(topology, group).find((candidate) => lease.holder(candidate.name) === holder)?.name;
  if (holder === null || leftMs <= 0)
    return [
      failed(
        name,
        'LeaseFree',
        `nobody holds the lease of ${group}${holder === null ? '' : `; ${holder} held it last`}`,
      ),
    ];
  if (node === undefined || node !== master) {
    const serves = master === null ? 'nobody serves' : `${master} serves`;
    const detail = `the lease of ${group} is held by ${node ?? `"${holder}", which is none of its nodes`} for another ${Math.ceil(leftMs / 1000)} s, but ${serves}`;
    return [failed(name, 'LeaseElsewhere', detail)];
  }
  return [passed(name, `${node} holds the lease`)];
}

function unreadable(group: string, { state, detail }: Exclude<StoreReading, { state: 'read' }>): string {
  const what = {
    'no-tables': 'has no tables',
    unreachable: 'cannot be reached',
    refused: 'refuses the login',
    'no-database': 'does not exist',
    'no-rights': 'does not grant the rights that are needed',
    failed: 'cannot be used',
  }[state];
  return `the database of ${group} ${what}, so nothing can be stored: ${detail}`;
}
