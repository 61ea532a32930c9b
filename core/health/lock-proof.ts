/**
 * Whether the lock of a store holds between hosts, proved before brokers rely on it: one host takes a lock, the others
 * see the same file and cannot take it, and can when it is given back. Pure: hosts are asked through a function.
 */
import type { FailureType } from '../failure.js';

/** In the order in which they are asked; `remove` takes back whatever of it is left. */
export type LockQuestion = 'hold' | 'see' | 'release' | 'take' | 'remove';

export type LockAnswer =
  /** `taken` and `busy`: what trying the lock gave. `absent` and `other`: it is not the holder's file. `lost`: the holder was gone. */
  | { outcome: 'held' | 'busy' | 'taken' | 'absent' | 'other' | 'released' | 'lost' | 'removed' }
  | { outcome: 'failed'; detail: string };

export interface LockFault {
  type: Extract<FailureType, 'StoreNotShared' | 'LockNotShared' | 'CommandFailed'>;
  message: string;
}

export interface LockProof {
  group: string;
  directory: string;
  /** Those of the group; each is compared with the first. */
  hosts: readonly string[];
  ask: (host: string, question: LockQuestion) => Promise<LockAnswer>;
}

/** Null when the lock holds between all hosts. */
export async function proveLockOf({ group, directory, hosts, ask }: LockProof): Promise<LockFault | null> {
  const [first = '', ...others] = hosts;
  const store = `the store of ${group}, ${directory}`;
  const held = await ask(first, 'hold');
  if (held.outcome !== 'held') return notHeld(store, first, held);

  const faults: LockFault[] = [];
  for (const host of others) {
    const fault = judgeSeen({ store, first, host }, await ask(host, 'see'));
    if (fault !== null) faults.push(fault);
  }
  // A lock that ended by itself was rightly taken by another: nothing follows from it.
  const given = await ask(first, 'release');
  if (given.outcome !== 'released') {
    return { type: 'CommandFailed', message: `${first} lost the lock in the middle of the proof of ${store}` };
  }
  if (faults[0] !== undefined) return { ...faults[0], message: faults.map(({ message }) => message).join('; ') };

  for (const host of others) {
    const taken = await ask(host, 'take');
    if (taken.outcome === 'taken') continue;
    const message = `${store}: ${host} cannot take the lock that ${first} gave back${detailOf(taken)}`;
    return { type: 'LockNotShared', message };
  }
  return null;
}

interface Between {
  store: string;
  first: string;
  host: string;
}

function judgeSeen({ store, first, host }: Between, seen: LockAnswer): LockFault | null {
  switch (seen.outcome) {
    case 'busy':
      return null;
    case 'absent':
    case 'other':
      return {
        type: 'StoreNotShared',
        message: `${store} is another directory on ${host} than on ${first}: what ${first} writes there is not seen on ${host}`,
      };
    case 'taken':
      return {
        type: 'LockNotShared',
        message: `${store}: ${host} took the lock that ${first} holds on the same file: both would have a master`,
      };
    default:
      return { type: 'LockNotShared', message: `${store}: ${host} cannot try the lock${detailOf(seen)}` };
  }
}

const notHeld = (store: string, host: string, answer: LockAnswer): LockFault =>
  answer.outcome === 'busy'
    ? { type: 'CommandFailed', message: `${store}: an earlier proof still holds its lock on ${host}` }
    : { type: 'LockNotShared', message: `${store}: no lock can be taken on ${host}${detailOf(answer)}` };

const detailOf = (answer: LockAnswer): string =>
  answer.outcome === 'failed' ? `: ${answer.detail}` : ` (${answer.outcome})`;
