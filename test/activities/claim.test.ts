import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import { claimCluster, keepClaim, releaseClaim } from '../../activities/claim.js';
import type { Deps } from '../../activities/deps.js';
import { EverbrokerError } from '../../core/failure.js';
import { aParsedTopology } from '../support/topologies.js';

interface Stored {
  id: string;
  renewedAt: number;
  labels: Record<string, string>;
}

/** An engine that has nothing but claims, and a server on which the holder of every token runs. */
function world() {
  let claim: Stored | null = null;
  let renewals = 0;
  let next = 0;
  const engine = {
    createClaim: (made: Omit<Stored, 'id'>) => {
      if (claim !== null) return Promise.resolve({ taken: true, existing: claim });
      claim = { ...made, id: `claim-${++next}` };
      return Promise.resolve({ taken: false, id: claim.id });
    },
    readClaim: () => Promise.resolve(claim),
    renewClaim: () => Promise.resolve(void renewals++),
    // As an engine: not before everything else that is ready has gone on.
    removeClaim: () => new Promise<void>((resolve) => setImmediate(() => resolve(void (claim = null)))),
    container: () => Promise.resolve(null),
  };
  const describe = () => Promise.resolve({ status: { name: 'RUNNING' }, runId: 'mine' });
  const deps = {
    engine: () => engine,
    ensureImage: () => Promise.resolve('image'),
    temporal: { workflow: { getHandle: () => ({ describe }) } },
  } as unknown as Deps;
  return { deps, claim: () => claim, lose: () => (claim = null), renewals: () => renewals };
}

const topology = aParsedTopology({ hosts: 1 });
const input = { topology, hosts: Object.keys(topology.hosts), token: 'mine', operation: 'deploy', workflowId: 'w' };
const { signal } = new AbortController();

async function kept({ deps, renewals }: ReturnType<typeof world>): Promise<{ ended: Promise<unknown> }> {
  const keeper = new MockActivityEnvironment();
  const ended = keeper.run(() => keepClaim(deps, input));
  while (renewals() === 0) await new Promise((resolve) => setImmediate(resolve));
  return { ended };
}

describe('a claim that is kept', () => {
  test('ends with its release: the keeper is through before the claim is gone', async () => {
    const all = world();
    await claimCluster(all.deps, input, signal);
    const { ended } = await kept(all);
    const order: string[] = [];
    const keeper = ended.then(() => order.push(all.claim() === null ? 'after' : 'before'));
    await releaseClaim(all.deps, input);
    await keeper;
    assert.deepEqual([order, all.claim()], [['before'], null]);
  });

  test('is not ended by the release of another token', async () => {
    const all = world();
    await claimCluster(all.deps, input, signal);
    const { ended } = await kept(all);
    let isOver = false;
    void ended.then(() => (isOver = true));
    await releaseClaim(all.deps, { ...input, token: 'theirs' });
    assert.deepEqual([isOver, all.claim()?.id], [false, 'claim-1']);
    await releaseClaim(all.deps, input);
    await ended;
  });

  test('is released also where nobody keeps it any more', async () => {
    const all = world();
    await claimCluster(all.deps, input, signal);
    await releaseClaim(all.deps, input);
    assert.equal(all.claim(), null);
  });

  test('ends with OwnershipLost once it is another’s', async () => {
    const all = world();
    await claimCluster(all.deps, input, signal);
    all.lose();
    await assert.rejects(
      new MockActivityEnvironment().run(() => keepClaim(all.deps, input)),
      (error) => error instanceof EverbrokerError && error.type === 'OwnershipLost',
    );
  });
});
