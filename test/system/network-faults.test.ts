/** Faults around containers: packets that really stop, a container that is really gone, and timers that need nobody. */
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { dockerFaults } from '../../activities/platforms/docker-faults.js';
import { removeContainer } from '../../activities/platforms/docker-removal.js';
import type { FaultAt } from '../../activities/platforms/platform.js';
import { EverbrokerError } from '../../core/failure.js';
import { containerName, faultHelper } from '../../core/naming.js';
import { openDockerEngine } from '../../hosts/docker-engine.js';
import { FaultSite } from '../support/fault-site.js';
import { until } from '../support/system.js';

const site = new FaultSite(`faults-${randomUUID().slice(0, 8)}`, '10.97.13.0/24');
const HOLD = 60;
/** Long enough for the looks of a test, short enough to be waited for. */
const SHORT = 3;

let count = 0;
const drop = (changes: object = {}): FaultAt => ({
  id: `d${(count += 1)}`,
  fault: {
    by: 'network',
    kind: 'drop',
    addresses: [site.address('h2')],
    except: false,
    ports: [],
    holdSeconds: HOLD,
    ...changes,
  },
});
const impair = (delayMs: number, lossPercent: number): FaultAt => ({
  id: `i${(count += 1)}`,
  fault: { by: 'network', kind: 'impair', delayMs, lossPercent, holdSeconds: HOLD },
});
const kill = (holdSeconds = HOLD): FaultAt => ({
  id: `k${(count += 1)}`,
  fault: { by: 'carrier', kind: 'kill-host', holdSeconds },
});
const helperOf = ({ id }: FaultAt, host = 'h1'): string => faultHelper(site.topology.name, host, id);
const isType = (type: string) => (error: unknown) => error instanceof EverbrokerError && error.type === type;
const untilReached = (): Promise<void> => until('h2 reaches h1', () => site.reaches());

before(() => site.start());
after(() => site.stop());

describe('packets that are dropped', () => {
  afterEach(async () => assert.deepEqual(await site.helpers(), []));

  test('stop on the named port both ways, flow on others, and flow again when healed by the drill', async () => {
    assert.ok(await site.reaches());
    const fault = drop({ ports: [61616] });
    assert.equal((await site.look('h1', fault)).present, false);
    const injected = await site.inject('h1', fault);
    assert.ok(Math.abs(Date.now() - injected.at) < 60_000);
    assert.deepEqual([await site.reaches(61616), await site.reaches(8161)], [false, true]);
    assert.deepEqual(await site.look('h1', fault).then(({ present, expired }) => [present, expired]), [true, false]);

    const again = await site.inject('h1', fault);
    assert.equal(again.at, injected.at, 'it is found and not done again');
    assert.deepEqual(await site.helpers(), [helperOf(fault)]);

    assert.equal((await site.heal('h1', fault)).by, 'drill');
    assert.ok(await site.reaches(61616));
    assert.equal((await site.look('h1', fault)).present, false);
    assert.deepEqual(await site.heal('h1', fault).then(({ healed, by }) => [healed, by]), [true, 'by itself']);
  });

  test('from all but the excepted cut the host off from this machine, and end by themselves', async () => {
    const fault = drop({ except: true, holdSeconds: SHORT });
    const open = async (): Promise<boolean> => {
      const stream = await site
        .host('h1')
        .open(61616, { timeoutMs: 1_000 })
        .catch(() => null);
      stream?.destroy();
      return stream !== null;
    };
    assert.ok(await open());
    await site.inject('h1', fault);
    assert.deepEqual([await open(), await site.reaches()], [false, true]);
    await until('the packets flow', open);
    await until('it is told', async () => (await site.look('h1', fault)).expired);
    assert.equal((await site.look('h1', fault)).present, false);
    assert.equal((await site.inject('h1', fault)).detail.length > 0, true, 'a late second attempt finds what was done');
    assert.ok(await open());
    assert.equal((await site.heal('h1', fault)).by, 'dead-man timer');
  });

  test('stay dropped when the helper is killed, and are healed all the same', async () => {
    const fault = drop();
    await site.inject('h1', fault);
    await site.engine.endHelper(helperOf(fault));
    assert.equal(await site.reaches(), false);
    assert.equal((await site.look('h1', fault)).present, true);
    assert.equal((await site.heal('h1', fault)).by, 'drill');
    assert.ok(await site.reaches());
  });

  test('are forgotten by the kernel after the hold when the helper is killed and nobody heals', async () => {
    const fault = drop({ holdSeconds: SHORT });
    await site.inject('h1', fault);
    await site.engine.endHelper(helperOf(fault));
    assert.equal(await site.reaches(), false);
    await untilReached();
    assert.deepEqual(await site.look('h1', fault).then(({ present, expired }) => [present, expired]), [false, true]);
    assert.equal((await site.heal('h1', fault)).by, 'dead-man timer');
    assert.equal((await site.look('h1', fault)).detail, `rules everbroker-${fault.id}: gone`);
  });

  test('flow again when the container is started anew, which is neither the drill nor its timer', async () => {
    const fault = drop();
    await site.inject('h1', fault);
    const { engine } = site;
    const name = containerName(site.topology, 'h1');
    await engine.killContainer(name);
    assert.equal((await site.look('h1', fault)).present, false);
    await engine.startContainer(name);
    await untilReached();
    assert.equal((await site.look('h1', fault)).present, false);
    assert.equal((await site.heal('h1', fault)).by, 'by itself');
  });

  test('by chance lose about their share', async () => {
    assert.equal(await site.arrivals(100), 100);
    const fault = impair(0, 50);
    await site.inject('h1', fault);
    const arrived = await site.arrivals(400);
    assert.ok(arrived > 120 && arrived < 280, `${arrived} of 400`);
    await site.heal('h1', fault);
    assert.equal(await site.arrivals(100), 100);
  });

  test('are late where the kernel can do that, and where it cannot the drill is told before', async () => {
    const fault = impair(300, 0);
    const problems = await site.problems('h1', [fault.fault]);
    if (problems.length > 0) {
      assert.match(problems.join('\n'), /^h1: the kernel of its engine delays no packets/);
      await assert.rejects(site.inject('h1', fault), isType('FaultImpossible'));
      return;
    }
    await site.inject('h1', fault);
    const startedAt = Date.now();
    assert.ok(await site.reaches());
    assert.ok(Date.now() - startedAt >= 300, 'a packet took its delay');
    assert.equal((await site.look('h1', fault)).present, true);
    assert.equal((await site.heal('h1', fault)).by, 'drill');
    assert.equal((await site.look('h1', fault)).present, false);
  });

  test('are not dropped by another operation than the one that owns the cluster', async () => {
    await assert.rejects(site.inject('h1', drop(), 'another'), isType('OwnershipLost'));
    assert.ok(await site.reaches());
  });
});

describe('a container that is killed', () => {
  afterEach(async () => assert.deepEqual(await site.helpers(), []));

  test('is started again by its own timer, with nobody there', async () => {
    const fault = kill(SHORT);
    const { at } = await site.inject('h1', fault);
    assert.equal(await site.isRunning('h1'), false);
    assert.deepEqual(await site.look('h1', fault).then(({ present, expired }) => [present, expired]), [true, false]);
    assert.equal((await site.inject('h1', fault)).at, at, 'it is not killed a second time');
    await untilReached();
    await until('it is told', async () => (await site.look('h1', fault)).expired);
    assert.equal((await site.heal('h1', fault)).by, 'dead-man timer');
  });

  test('is started by the drill, before its time and without its helper', async () => {
    const fault = kill();
    await site.inject('h1', fault);
    await site.engine.endHelper(helperOf(fault));
    assert.equal((await site.look('h1', fault)).present, true);
    assert.deepEqual(await site.heal('h1', fault).then(({ healed, by }) => [healed, by]), [true, 'drill']);
    await untilReached();
    assert.equal((await site.heal('h1', fault)).by, 'by itself');
  });

  test('is not killed where no helper could start it again', async () => {
    const remote = openDockerEngine('tcp://192.0.2.1:2375');
    const elsewhere = { ...site.deps, engine: () => remote };
    const there = { deps: elsewhere, topology: site.topology, host: 'h1' };
    const problems = await dockerFaults.problems(there, [kill().fault], site.signal());
    assert.match(problems.join('\n'), /^h1: its engine is reached at tcp:\/\/192\.0\.2\.1:2375: only a helper/);
  });
});

describe('what faults need and leave', () => {
  test('can all be done here, by an engine that is asked and left as it was', async () => {
    assert.deepEqual(await site.problems('h1', [drop().fault, impair(0, 5).fault, kill().fault]), []);
    assert.deepEqual(await site.helpers(), []);
  });

  test('is told with every problem at once', async () => {
    const faults = [drop({ addresses: ['h2.example', 'h3.example'] }).fault, impair(0, 0).fault];
    assert.equal((await site.problems('h1', faults)).length, 3);
  });

  test('goes with the host when the cluster is removed in the middle of a fault', async () => {
    const { topology, deps, token } = site;
    await site.inject('h1', drop());
    await site.inject('h2', kill());
    assert.equal((await site.helpers()).length, 2);
    for (const host of ['h1', 'h2']) {
      const target = containerName(topology, host);
      const step = { id: target, kind: 'removeContainer' as const, host, target, summary: '', reason: '' };
      await removeContainer(deps, { topology, host, token, step });
    }
    assert.deepEqual(await site.helpers(), []);
    assert.equal(await site.engine.container(containerName(topology, 'h2')), null);
  });
});
