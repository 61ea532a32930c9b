import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  clearLoad,
  collectLedger,
  drainLoad,
  readLoad,
  startLoad,
  stopProducers,
} from '../../activities/load/index.js';
import { placeLoad, type PlacedFlow } from '../../core/drills/place-load.js';
import { scenarioSchema } from '../../core/drills/scenario.js';
import { freePort } from '../support/free-port.js';
import { removeWork, startLocalBroker, unpackActivemq, type LocalBroker } from '../support/local-broker.js';
import { localLoad, type LocalLoad } from '../support/local-load.js';

const PASSWORD = 'pr0be-Secret-of-this-test';
const DRILL = 'load-test-1';
const PER_SECOND = 100;
const PRODUCERS = 2;
const { signal } = new AbortController();

describe('the load of a drill', { timeout: 240_000 }, () => {
  let work = '';
  let home = '';
  let load: LocalLoad;
  let broker: LocalBroker;
  let flows: PlacedFlow[];
  let openwire = 0;

  const startBroker = () =>
    startLocalBroker({ work, home, name: 'mq1', openwire, consolePassword: 'c0nsole-Secret', probePassword: PASSWORD });
  const input = () => ({ topology: load.topology, host: 'here', token: 't', drill: DRILL, flows, atMostSeconds: 200 });
  const reading = () => readLoad(load.deps, input(), signal);
  const counts = async (name = flows[0]?.flow) => (await reading()).flows.find(({ flow }) => flow === name)!;
  async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + 60_000;
    while (!(await isSo())) {
      assert.ok(Date.now() < end, `${what}: ${JSON.stringify(await reading())}`);
      await delay(100);
    }
  }
  const untilFlowing = async (more: number) => {
    const { delivered } = await counts();
    await until('messages flow', async () => (await counts()).delivered > delivered + more);
  };
  /** Command lines of the load's processes. */
  const processes = () =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        try {
          const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
          return words.includes('everbroker.probe.Load') && words.some((word) => word.startsWith(work))
            ? [{ pid: Number(pid), words }]
            : [];
        } catch {
          return [];
        }
      });

  before(async () => {
    ({ work, home } = unpackActivemq());
    execFileSync(process.execPath, ['probe/build.mjs', home]);
    openwire = await freePort();
    load = localLoad(work, home, openwire);
    broker = await startBroker();
    const flow = { perSecond: PER_SECOND, sizeBytes: 500, producers: PRODUCERS };
    const scenario = scenarioSchema.parse({
      version: 1,
      name: 'load',
      target: { role: 'none' },
      fault: { kind: 'none', holdSeconds: 1 },
      load: { flows: [flow, { perSecond: 200, sizeBytes: 100, transactionSize: 5 }] },
    });
    const placed = placeLoad(load.topology, { flows: scenario.load.flows, drill: DRILL, avoid: [], targetGroup: null });
    assert.ok(Array.isArray(placed), JSON.stringify(placed));
    flows = placed;
    // the second flow's consumers look for brokers where there are none
    flows[1]!.toUrl = `failover:(tcp://127.0.0.1:${await freePort()})?maxReconnectDelay=500`;
  });
  after(async () => {
    for (const { pid } of processes()) process.kill(pid, 'SIGKILL');
    await broker?.kill('SIGKILL');
    if (work) removeWork(work);
  });

  test('starts once, however often it is asked for, and at no higher rate than was asked for', async () => {
    const both = await Promise.all([startLoad(load.deps, input(), signal), startLoad(load.deps, input(), signal)]);
    assert.deepEqual(both.map(({ started }) => started).sort(), [false, true]);
    assert.deepEqual(await startLoad(load.deps, input(), signal), { started: false });
    await untilFlowing(3 * PER_SECOND * PRODUCERS);
    assert.equal(processes().length, 1);
    const { flows: ledgers } = await collectLedger(load.deps, input(), signal);
    // a slow machine has less; what it missed in a pause it may make up for in the next second
    const most = Math.max(...ledgers[0]!.seconds.map(({ acknowledged }) => acknowledged));
    assert.ok(most <= 2.2 * PER_SECOND * PRODUCERS, `${most} in a second`);
  });

  test('shows its password to nobody', () => {
    assert.ok(!processes().some(({ words }) => words.some((word) => word.includes(PASSWORD))));
    const directory = join(load.state, 'drills', DRILL, 'load');
    for (const name of readdirSync(directory))
      assert.ok(!readFileSync(join(directory, name), 'latin1').includes(PASSWORD), name);
  });

  test('goes on when its broker was killed and is back', async () => {
    await broker.kill('SIGKILL');
    broker = await startBroker();
    await untilFlowing(50);
  });

  test('that is killed leaves all that it did behind, and is gone on with under new numbers', async () => {
    const known = await counts();
    for (const { pid } of processes()) process.kill(pid, 'SIGKILL');
    await until('its process is gone', () => Promise.resolve(processes().length === 0));
    assert.equal((await reading()).running, false);
    const before = await collectLedger(load.deps, input(), signal);
    const [flow] = before.flows;
    assert.ok(flow && flow.acknowledged >= known.acknowledged, 'the records know what the process had told');
    assert.equal(flow.sent, flow.acknowledged + flow.failed + flow.unknown);
    assert.ok(flow.unknown <= 2 * PRODUCERS, `${flow.unknown} unknown: one a producer and death`);

    assert.deepEqual(await startLoad(load.deps, input(), signal), { started: true });
    await untilFlowing(50);
    const later = await collectLedger(load.deps, input(), signal);
    assert.ok(later.flows[0]!.acknowledged > flow.acknowledged);
    assert.equal((await reading()).running, true);
  });

  test('lost nothing through all of it, and tells what is stuck and where', async () => {
    const stopped = await stopProducers(load.deps, input(), signal);
    const drained = await drainLoad(load.deps, { ...input(), idleSeconds: 2, atMostSeconds: 60 }, signal);
    assert.equal(processes().length, 0);
    const { flows: ledgers, total } = await collectLedger(load.deps, input(), signal);
    const [flow, stranded] = [ledgers[0]!, ledgers[1]!];
    assert.equal(flow.acknowledged, stopped.flows[0]?.acknowledged);
    assert.equal(total.lost, 0, JSON.stringify(flow.examples));
    assert.equal(total.unexpected, 0);
    assert.equal(flow.stuck, 0);
    assert.equal(flow.delivered, flow.acknowledged + flow.recovered);
    assert.ok(flow.producerSilence && flow.consumerSilence && flow.sendMs && flow.deliveryMs);

    assert.equal(drained.complete, false);
    assert.deepEqual(drained.unseen, []);
    const queue = { queue: flows[1]!.queue, broker: 'brokers', count: stranded.stuck };
    assert.deepEqual(drained.stuck, [{ flow: flows[1]!.flow, ...queue }]);
    assert.deepEqual(stranded.stuckIn, [queue]);
    // more than a broker shows a browser at once
    assert.ok(stranded.stuck >= stranded.acknowledged && stranded.acknowledged > 400, `${stranded.acknowledged}`);
  });

  test('that has ended is not started again by somebody who asks late, and leaves nothing when it is cleared', async () => {
    assert.deepEqual(await startLoad(load.deps, input(), signal), { started: false });
    assert.deepEqual(await clearLoad(load.deps, input(), signal), { left: [] });
    assert.ok(!existsSync(join(load.state, 'drills', DRILL)));
    assert.deepEqual(await clearLoad(load.deps, input(), signal), { left: [] });
  });
});
