/** Proves the lock of a store between the hosts of its group: questions to several hosts, and so several activities. */
import { CancellationScope, uuid4 } from '@temporalio/workflow';
import { proveLockOf, type LockQuestion } from '../core/health/lock-proof.js';
import type { Step, StepResult } from '../core/plan/step.js';
import { storeDirectory } from '../core/stores/index.js';
import { groupOf, hostsOfGroup } from '../core/topology/topology.js';
import { activities } from './calls.js';
import { stepFailure } from './failure-text.js';
import type { Ownership } from './hold-cluster.js';
import { quick } from './profiles.js';

const WORDS: Record<LockQuestion, string> = {
  hold: 'take the lock',
  see: 'see that it is taken',
  release: 'give it back',
  take: 'take it in turn',
  remove: 'remove what the proof left',
};

/** @throws ApplicationFailure StoreNotShared | LockNotShared */
export async function proveLock({ topology, token }: Ownership, step: Step): Promise<StepResult> {
  const group = step.group ?? '';
  const hosts = hostsOfGroup(topology, group);
  const id = uuid4();
  const ask = (host: string, question: LockQuestion) => {
    const summary = `${group} · ${host}: ${WORDS[question]}`;
    return activities({ summary, profile: quick, on: { topology, host } }).probeLock({
      topology,
      host,
      token,
      group,
      question,
      id,
    });
  };
  try {
    const directory = storeDirectory(groupOf(topology, group).store) ?? '';
    const fault = await proveLockOf({ group, directory, hosts, ask });
    if (fault !== null) throw stepFailure(fault.type, fault.message);
  } finally {
    // What cannot be removed is an empty file; the holder ends by itself. It must not hide why the proof failed.
    const remove = (host: string) => ask(host, 'remove').catch(() => undefined);
    await CancellationScope.nonCancellable(() => Promise.all(hosts.map(remove)));
  }
  return { changed: false, note: `held on ${hosts[0]}, seen and taken on ${hosts.slice(1).join(', ')}` };
}
