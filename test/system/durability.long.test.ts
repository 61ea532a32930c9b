/** The worker is killed in every phase of a deployment; the next one must come to the end of an undisturbed run. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { OperationHandle } from '../../client/everbroker.js';
import type { DeployOutput } from '../../core/contract.js';
import type { Topology } from '../../core/topology/topology.js';
import type { Crash } from '../support/crashing-worker.js';
import { differences, endState, insistOnWholeCluster, secretsVersion, starts } from '../support/end-state.js';
import { System, removeCluster } from '../support/system.js';

let system: System;
let topology: Topology;
let undisturbed: Record<string, string[]>;

before(async () => {
  system = await System.start();
  topology = await system.topology();
  await (await system.everbroker.deploy({ topology: { ...topology } })).result();
  undisturbed = await endState(system, topology);
  await removeCluster(system.engine, topology.name);
  await system.stopWorker();
});
after(() => system.stop());

/** The moments that hurt: half done, and done but not yet known. */
const PHASES: Record<string, Crash[]> = {
  'the network and the container are made': [
    { activity: 'claimCluster', at: 'done' },
    { activity: 'createNetwork', at: 'done' },
    { activity: 'createContainer', at: 'unwritten' },
    { activity: 'createContainer', at: 'done' },
  ],
  'ActiveMQ is unpacked': [
    { activity: 'installActiveMQ', at: 'command', command: 'put-tree', afterMs: 60 },
    { activity: 'installActiveMQ', at: 'done' },
  ],
  'credentials are made and shared': [
    { activity: 'shareSecrets', at: 'command', command: 'put-files', afterMs: 5 },
    { activity: 'shareSecrets', at: 'done' },
  ],
  'nodes are configured': [
    { activity: 'configureNode', at: 'command', command: 'put-files', afterMs: 5 },
    { activity: 'configureNode', at: 'done' },
  ],
  'nodes are started': [
    { activity: 'startNode', at: 'command', command: 'await', afterMs: 300 },
    { activity: 'startNode', at: 'done' },
  ],
  'roles are read': [{ activity: 'readNodes', at: 'start' }],
  'messages prove the cluster, and the claim is given back': [
    { activity: 'proveMessages', at: 'command', command: 'everbroker-probe', afterMs: 400 },
    { activity: 'releaseClaim', at: 'done' },
  ],
};

/** A deployment that ends shows that its worker has not died where it was to. */
async function diesIn(deployment: OperationHandle<DeployOutput>): Promise<void> {
  const survived = deployment.result().then((result) => Promise.reject(new Error(`no crash: ${result.outcome}`)));
  assert.equal(await Promise.race([system.workerEnded(), survived]), 'SIGKILL');
  survived.catch(() => undefined);
}

describe('a deployment whose worker is killed while', () => {
  afterEach(async () => {
    await system.stopWorker();
    await removeCluster(system.engine, topology.name);
  });

  for (const [phase, crashes] of Object.entries(PHASES)) {
    test(`${phase} ends as an undisturbed one`, async () => {
      const [first, ...others] = crashes;
      await system.startWorker(first);
      const deployment = await system.everbroker.deploy({ topology: { ...topology } });
      await diesIn(deployment);
      for (const crash of others) {
        await system.startWorker(crash);
        await diesIn(deployment);
      }
      await system.startWorker();
      const result = await deployment.result();
      assert.equal(result.outcome, 'deployed');
      assert.deepEqual(differences(undisturbed, await endState(system, topology)), []);
      assert.deepEqual(await starts(system, topology), { mq1: 1, mq2: 1 });
      assert.equal(await secretsVersion(system, topology), 1);
      await insistOnWholeCluster(system, topology);
    });
  }
});
