/** What befalls a deployment in the middle of a step: its server dies, or somebody cancels it. And the last step's worker. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { OperationHandle } from '../../client/everbroker.js';
import type { DeployOutput } from '../../core/contract.js';
import { EverbrokerError } from '../../core/failure.js';
import { claimName } from '../../core/naming.js';
import { stateLayout } from '../../core/state-layout.js';
import type { Topology } from '../../core/topology/topology.js';
import { differences, endState, insistOnWholeCluster, secretsVersion, starts } from '../support/end-state.js';
import type { Crash } from '../support/crashing-worker.js';
import { System, removeCluster, until } from '../support/system.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

let system: System;
let topology: Topology;
let cache: string;
let undisturbed: Record<string, string[]>;

before(async () => {
  cache = await cacheWithoutClassData();
  system = await System.start({ durable: true, env: { EVERBROKER_CACHE: cache } });
  topology = await system.topology();
  await (await deploy()).result();
  undisturbed = await endState(system, topology);
  await removeCluster(system.engine, topology.name);
  await system.stopWorker();
});
after(async () => {
  await system.stop();
  await rm(cache, { recursive: true, force: true });
});
afterEach(async () => {
  await system.stopWorker();
  await removeCluster(system.engine, topology.name);
});

const deploy = (): Promise<OperationHandle<DeployOutput>> => system.everbroker.deploy({ topology: { ...topology } });

/** The machine's archives, but those of class data are the test's own: where there are some, none is made. */
async function cacheWithoutClassData(): Promise<string> {
  const machines = stateLayout(process.env, PROJECT).cache;
  const own = await mkdtemp(join(tmpdir(), 'everbroker-held-'));
  for (const name of await readdir(machines))
    if (name !== 'class-data') await symlink(join(machines, name), join(own, name));
  await mkdir(join(own, 'class-data'));
  return own;
}

/** Starts a deployment and waits until it stands still in a step. */
async function heldIn(
  activity: Crash['activity'],
  at: 'start' | 'done',
): Promise<[OperationHandle<DeployOutput>, () => Promise<void>]> {
  const hold = join(system.home, `held-${activity}`);
  await system.startWorker({ activity, at, hold });
  const deployment = await deploy();
  await until(`${activity} stands still`, () => existsSync(hold), 120_000);
  return [deployment, () => rm(hold)];
}

async function insistOnUndisturbedEnd(deployment: OperationHandle<DeployOutput>): Promise<void> {
  assert.equal((await deployment.result()).outcome, 'deployed');
  assert.deepEqual(differences(undisturbed, await endState(system, topology)), []);
  assert.deepEqual(await starts(system, topology), { mq1: 1, mq2: 1 });
  assert.equal(await secretsVersion(system, topology), 1);
  await insistOnWholeCluster(system, topology);
}

const STEPS = [
  'createNetwork',
  'createContainer',
  'installActiveMQ',
  'shareSecrets',
  'configureNode',
  'startNode',
  'proveMessages',
] as const;

describe('a deployment whose Temporal server is killed and started again', () => {
  for (const step of STEPS) {
    test(`when ${step} is done and nobody knows it yet ends as an undisturbed one`, async () => {
      const [deployment, letGo] = await heldIn(step, 'done');
      await system.killServer();
      await system.startServer();
      await letGo();
      await until(
        'the server answers again',
        () =>
          deployment.progress().then(
            () => true,
            () => false,
          ),
        60_000,
      );
      await insistOnUndisturbedEnd(deployment);
    });
  }
});

describe('a deployment that is cancelled', () => {
  // The proof is the last: once it is let go it is through before its worker hears of the cancellation, and all is done.
  for (const step of STEPS.filter((name) => name !== 'proveMessages')) {
    test(`in ${step} ends cancelled, gives the cluster back, and is completed by the next`, async () => {
      const [deployment, letGo] = await heldIn(step, 'start');
      await deployment.cancel();
      await letGo();
      await assert.rejects(
        deployment.result(),
        (error) => error instanceof EverbrokerError && error.type === 'Aborted',
      );
      assert.equal(await system.engine.container(claimName(topology.name)), null, 'the claim is given back');
      await insistOnUndisturbedEnd(await deploy());
    });
  }
});

describe('a deployment whose worker is killed while the class-data archive is made', () => {
  const crashes: Crash[] = [
    { activity: 'makeClassData', at: 'command', command: 'class-data-scratch', afterMs: 1500 },
    { activity: 'makeClassData', at: 'done' },
  ];
  for (const crash of crashes) {
    test(`(${crash.at}) ends as an undisturbed one`, async () => {
      await rm(join(cache, 'class-data'), { recursive: true });
      await mkdir(join(cache, 'class-data'));
      await system.startWorker(crash);
      const deployment = await deploy();
      assert.equal(await system.workerEnded(), 'SIGKILL');
      await system.startWorker();
      await insistOnUndisturbedEnd(deployment);
    });
  }
});
