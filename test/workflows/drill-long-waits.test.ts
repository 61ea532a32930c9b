/** Drills that take minutes or hours, on a server whose time jumps to the next timer. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { DrillRecord } from '../../core/drills/record.js';
import type { ScenarioInput } from '../../core/drills/scenario.js';
import { withoutBridges } from '../support/readings.js';
import { skippingTemporal } from '../support/temporal-server.js';
import { lasted, skipping, times, type Skipping } from '../support/skipping.js';
import { failureOf, type Scene, type SceneOptions } from '../support/workflow-env.js';

const MINUTE = 60_000;
/** What fakes and activities take of the server's time. */
const SLACK_MS = 20_000;

const scenario = (more: Partial<ScenarioInput> = {}): ScenarioInput => ({
  version: 1,
  name: 'freeze-master',
  target: { role: 'master' },
  fault: { kind: 'freeze', holdSeconds: 5 },
  ...more,
});

/** For drills without an activity that times out. */
let shared: Promise<TestWorkflowEnvironment> | undefined;

const deployed = async (run: (skipping: Skipping) => Promise<void>, options: SceneOptions = {}): Promise<void> =>
  deployedOn(await (shared ??= skippingTemporal()), run, options);

const deployedOn = (
  environment: TestWorkflowEnvironment,
  run: (skipping: Skipping) => Promise<void>,
  options: SceneOptions = {},
): Promise<void> =>
  skipping({ hosts: 2, environment, ...options }, async (given) => {
    await given.scene.execute('deployCluster');
    given.scene.fake.forget();
    await run(given);
  });

const onlyRecord = ({ fake }: Scene): DrillRecord => {
  const [record, ...others] = fake.drills.records;
  assert.ok(record !== undefined && others.length === 0);
  return record;
};

const heldMs = ({ injections }: DrillRecord, turn = 0): number => {
  const { injectedAt = 0, healedAt = null } = injections[turn] ?? {};
  assert.ok(healedAt !== null);
  return healedAt - injectedAt;
};

/** No bridge is up after the first fault, for so long. */
function slowBridges({ fake }: Scene, ms: number): void {
  const read = fake.read.bind(fake);
  fake.read = (host, group) => {
    const [first] = fake.drills.faults.values();
    const readings = read(host, group);
    if (first === undefined || fake.clock() >= first.at + ms) return readings;
    return readings.map(withoutBridges);
  };
}

describe('a fault that is held for long', () => {
  test('is healed when its hour is over, by the drill, which has not filled its history with looks', () =>
    deployed(
      async ({ scene }) => {
        const long = { fault: { kind: 'freeze', holdSeconds: 3600 }, guards: { atMostMinutes: 90 } } as const;
        const handle = await scene.start('runDrill', { scenario: scenario(long) });
        const record = await handle.result();
        assert.equal(record.verdict, 'passed', record.reason);
        assert.equal(record.injections[0]?.healedBy, 'drill');
        assert.ok(heldMs(record) >= 60 * MINUTE && heldMs(record) < 60 * MINUTE + SLACK_MS, String(heldMs(record)));
        const { historyLength } = await handle.describe();
        assert.ok(historyLength < 51_200 / 2, String(historyLength));
      },
      { groups: 1, hosts: 1 },
    ));
});

describe('a fault that is still found after its healing', () => {
  test('fails the drill by that name, whatever else held', () =>
    deployed(async ({ scene }) => {
      scene.fake.drills.sticky = true;
      const handle = await scene.start('runDrill', { scenario: scenario() });
      const { type } = await failureOf(handle.result());
      assert.equal(type, 'FaultNotHealed');
      assert.equal(onlyRecord(scene).healed, false);
    }));
});

describe('the longest time of a drill', () => {
  const cut = 'ended early: longer than 6 min: healed and ended';

  test('ends one that waits for a cluster that does not become whole', () =>
    deployed(async ({ scene }) => {
      slowBridges(scene, Infinity);
      const patient = { expect: { redundancyBackSeconds: 3600 }, guards: { atMostMinutes: 6 } };
      const handle = await scene.start('runDrill', { scenario: scenario(patient) });
      const record = await handle.result();
      assert.deepEqual([record.verdict, record.reason, record.healed], ['inconclusive', cut, true]);
      assert.ok((await lasted(handle)) >= 6 * 60);
      assert.deepEqual(onlyRecord(scene), record);
      assert.equal(scene.fake.claim, null);
    }));

  test('heals a fault in the midst of its hold', () =>
    deployed(async ({ scene }) => {
      slowBridges(scene, 5 * MINUTE);
      const twice = {
        repeat: 2,
        fault: { kind: 'freeze', holdSeconds: 120 },
        expect: { redundancyBackSeconds: 3600 },
        guards: { atMostMinutes: 6 },
      } as const;
      const record = await scene.execute('runDrill', { scenario: scenario(twice) });
      assert.deepEqual([record.verdict, record.reason, record.healed], ['inconclusive', cut, true]);
      assert.equal(record.injections.length, 2);
      assert.ok(heldMs(record, 1) < 1.5 * MINUTE, String(heldMs(record, 1)));
      assert.equal(record.injections[1]?.healedBy, 'drill');
      assert.deepEqual(scene.fake.drills.inForce, []);
    }));
});

describe('a host that cannot be healed', () => {
  const GONE = 'the host does not answer';

  test('is tried again for minutes, and the drill goes on when it can be', () =>
    deployed(async ({ scene }) => {
      scene.fake.fail('healFault/h1', ...times(50, 'HostUnreachable', GONE));
      const record = await scene.execute('runDrill', { scenario: scenario() });
      assert.equal(record.verdict, 'passed', record.reason);
      assert.equal(record.healed, true);
      assert.ok(heldMs(record) > 3 * MINUTE, String(heldMs(record)));
    }));

  test('is tried again for a quarter of an hour, once more at the end, and fails the drill by that name', async () =>
    deployedOn(await skippingTemporal(), async ({ scene }) => {
      scene.fake.fail('healFault/h1', ...times(2000, 'HostUnreachable', GONE));
      const handle = await scene.start('runDrill', { scenario: scenario({ guards: { atMostMinutes: 60 } }) });
      const { type, message } = await failureOf(handle.result());
      assert.equal(type, 'FaultNotHealed');
      assert.match(message, /^not healed/);
      assert.ok((await lasted(handle)) >= 2 * 15 * 60);
      const record = onlyRecord(scene);
      assert.deepEqual([record.verdict, record.healed], ['failed', false]);
      assert.ok(record.ledger !== null && record.samples.length > 0);
      assert.equal(scene.fake.claim, null);
    }));
});

describe('the webhook of a drill that failed', () => {
  const webhook = { overrides: { notify: { webhook: { url: 'https://example.org/hook' } } } };
  const failing = async (scene: Scene, failures: number): Promise<void> => {
    scene.fake.drills.lost = 1;
    scene.fake.fail('notify', ...times(failures, 'WebhookFailed', 'https://example.org did not take the event'));
    const handle = await scene.start('runDrill', { scenario: scenario() });
    assert.equal((await failureOf(handle.result())).type, 'DrillFailed');
    assert.equal(onlyRecord(scene).verdict, 'failed');
  };

  test('is called again while it is away for some minutes', () =>
    deployed(async ({ scene }) => {
      await failing(scene, 8);
      assert.equal(scene.fake.drills.events.length, 1);
    }, webhook));

  test('is given up after ten minutes, and changes no verdict', async () =>
    deployedOn(
      await skippingTemporal(),
      async ({ scene }) => {
        await failing(scene, 100);
        const calls = scene.fake.calls('notify').length;
        assert.ok(calls >= 12 && calls <= 20, String(calls));
        assert.deepEqual(scene.fake.drills.events, []);
        assert.equal(scene.fake.claim, null);
      },
      webhook,
    ));
});

test('a cluster has its rest between two drills, and its next one when that is over', () =>
  deployed(async ({ scene, environment }) => {
    const rested = { scenario: scenario({ guards: { cooldownMinutes: 120 } }) };
    const verdicts: string[] = [];
    for (const minutes of [0, 60, 61]) {
      await environment.sleep(minutes * MINUTE);
      verdicts.push((await scene.execute('runDrill', rested)).verdict);
    }
    assert.deepEqual(verdicts, ['passed', 'skipped', 'passed']);
  }));
