/** What the lock of a store says that can be asked for (a row in a database, ZooKeeper), and what that says of a group. Pure. */
import type { Check } from '../contract.js';
import { storeOf } from '../stores/index.js';
import type { Lease } from '../stores/store-kind.js';
import { groupNames, nodesOfGroup, type Topology } from '../topology/topology.js';
import { judgeElection } from './election.js';
import { failed, passed } from './fault.js';

/** JSON-plain: it goes through histories, and its texts are the database's own, which hold no password. */
export type StoreReading =
  | { state: 'read'; holder: string | null; leftMs: number }
  | { state: 'registered'; members: Member[] }
  | {
      state: 'no-tables' | 'unreachable' | 'refused' | 'no-database' | 'no-rights' | 'needs-tls' | 'failed';
      detail: string;
    };

export type Unreadable = Extract<StoreReading, { detail: string }>;

/** What a node has registered in ZooKeeper. The one that came first counts the votes, and need not be who is elected. */
export interface Member {
  /** ZooKeeper's name for it, which ends with its number. */
  id: string;
  /** Of a master that has started. */
  address: string | null;
  /** Number of the elected one, where this is who counts. */
  elected: string | null;
}

export const storeCheckName = (group: string): string => `store of ${group}`;

/** Names of the checks on stores whose lock can be asked for. */
export const storeCheckNames = (topology: Topology): string[] =>
  groupNames(topology)
    .filter((group) => storeOf(topology, group).asked)
    .map(storeCheckName);

/** @param readings One a host of the group that could be looked at. */
export function judgeStore(
  topology: Topology,
  group: string,
  found: { readings: readonly StoreReading[]; master: string | null },
): Check[] {
  const { lease, election } = storeOf(topology, group);
  const name = storeCheckName(group);
  if (election !== null) return [judgeElection(name, { topology, group, election }, found)];
  return lease === null ? [] : [judgeLease(topology, group, { lease, ...found })];
}

/**
 * The lease must be its master's, and of nobody else. A broker that lost it stops to serve by itself, and one that cannot
 * reach the database goes on listening without being able to store anything, so the ports alone tell neither.
 */
function judgeLease(
  topology: Topology,
  group: string,
  { lease, readings, master }: { lease: Lease; readings: readonly StoreReading[]; master: string | null },
): Check {
  const name = storeCheckName(group);
  const reading = readings.find(({ state }) => state !== 'read') ?? readings[0];
  if (reading === undefined)
    return failed(name, 'HostUnseen', `nobody could ask the database who holds the lease of ${group}`);
  if ('detail' in reading) return failed(name, 'StoreUnreachable', unreadable(group, reading));
  if (reading.state !== 'read') return failed(name, 'StoreUnreachable', `what answers for ${group} is no database`);
  const { holder, leftMs } = reading;
  const node = nodesOfGroup(topology, group).find((candidate) => lease.holder(candidate.name) === holder)?.name;
  if (holder === null || leftMs <= 0)
    return failed(
      name,
      'LeaseFree',
      `nobody holds the lease of ${group}${holder === null ? '' : `; ${holder} held it last`}`,
    );
  if (node === undefined || node !== master) {
    const serves = master === null ? 'nobody serves' : `${master} serves`;
    const detail = `the lease of ${group} is held by ${node ?? `"${holder}", which is none of its nodes`} for another ${Math.ceil(leftMs / 1000)} s, but ${serves}`;
    return failed(name, 'LeaseElsewhere', detail);
  }
  return passed(name, `${node} holds the lease`);
}

function unreadable(group: string, { state, detail }: Unreadable): string {
  const what = {
    'no-tables': 'has no tables',
    unreachable: 'cannot be reached',
    refused: 'refuses the login',
    'no-database': 'does not exist',
    'no-rights': 'does not grant the rights that are needed',
    'needs-tls': 'takes no password without TLS',
    failed: 'cannot be used',
  }[state];
  return `the database of ${group} ${what}, so nothing can be stored: ${detail}`;
}
