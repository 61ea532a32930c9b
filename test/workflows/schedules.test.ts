/** Schedules on a real server, over fake clusters: the time-skipping server has none. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { after, describe, test } from 'node:test';
import type { Client, ScheduleDescription } from '@temporalio/client';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import { Schedules, type ScheduleInput } from '../../client/schedules.js';
import { EverbrokerError } from '../../core/failure.js';
import { Scene, type SceneOptions } from '../support/workflow-env.js';

const NEVER = '0 3 29 2 *';
const SCENARIO = {
  version: 1,
  name: 'kill-master',
  target: { role: 'master' },
  fault: { kind: 'kill' },
  load: { flows: [{}], warmUpSeconds: 0.1, afterSeconds: 0.1 },
};

const made: { schedules: Schedules; id: string }[] = [];
after(async () => {
  for (const { schedules, id } of made) await schedules.delete(id).catch(() => undefined);
});

interface Scheduled {
  scene: Scene;
  schedules: Schedules;
  id: string;
  /** Starts it by hand and waits until what it started has ended. */
  run(): Promise<string>;
  describe(): Promise<ScheduleDescription>;
}

async function scheduled(options: SceneOptions = {}, more: Partial<ScheduleInput> = {}): Promise<Scheduled> {
  const scene = await Scene.make({ hosts: 2, ...options });
  await scene.execute('deployCluster');
  scene.fake.forget();
  const schedules = new Schedules(scene.client, scene.taskQueue);
  const { id } = await schedules.create({ topology: { ...scene.input }, scenario: SCENARIO, cron: NEVER, ...more });
  made.push({ schedules, id });
  const { client } = scene;
  const handle = client.schedule.getHandle(id);
  const { action } = await handle.describe();
  assert.ok(action.type === 'startWorkflow' && action.workflowId !== undefined);
  scene.expects(action.workflowId);
  return {
    scene,
    schedules,
    id,
    describe: () => handle.describe(),
    async run() {
      const before = (await handle.describe()).info.numActionsTaken;
      await schedules.trigger(id);
      return endOf(client, { id, after: before });
    },
  };
}

async function endOf(client: Client, { id, after: before }: { id: string; after: number }): Promise<string> {
  for (const deadline = Date.now() + 120_000; ; await delay(100)) {
    const { info } = await client.schedule.getHandle(id).describe();
    const action = info.recentActions.at(-1)?.action;
    if (info.numActionsTaken > before && action !== undefined) {
      const { status } = await client.workflow.getHandle(action.workflow.workflowId).describe();
      if (status.name !== 'RUNNING') return status.name;
    }
    if (Date.now() > deadline) throw new Error(`${id} has started nothing that ended`);
  }
}

async function untilPaused({ describe: look }: Scheduled): Promise<ScheduleDescription> {
  for (const deadline = Date.now() + 20_000; ; await delay(100)) {
    const found = await look();
    if (found.state.paused) return found;
    if (Date.now() > deadline) throw new Error('the schedule was never paused');
  }
}

describe('a schedule', { concurrency: 3 }, () => {
  test('starts no second drill beside one, none that is minutes late, and pauses on failure', async () => {
    const { describe: look } = await scheduled({}, { jitterMinutes: 2, timeZone: 'Europe/Berlin' });
    const { policies, spec } = await look();
    assert.equal(policies.overlap, ScheduleOverlapPolicy.SKIP);
    assert.equal(policies.catchupWindow, 5 * 60_000);
    assert.equal(policies.pauseOnFailure, true);
    assert.equal(spec.timezone, 'Europe/Berlin');
    assert.equal(spec.jitter, 2 * 60_000);
  });

  test('that exists is made to be as asked for, and the answer says what happened', async () => {
    const { scene, schedules, id, describe: look } = await scheduled();
    const input = { topology: { ...scene.input }, scenario: SCENARIO, cron: NEVER };
    assert.deepEqual(await schedules.create(input), { id, outcome: 'unchanged' });
    await schedules.pause(id, 'holidays');
    assert.deepEqual(await schedules.create({ ...input, cron: '0 4 29 2 *' }), { id, outcome: 'updated' });
    const found = await look();
    assert.deepEqual(found.spec.calendars?.[0]?.hour, [{ start: 4, end: 4, step: 1 }]);
    assert.equal(found.state.paused, true);
    assert.equal(found.state.note, 'holidays');
  });

  test('is listed with its next start, paused and resumed', async () => {
    const { scene, schedules, id } = await scheduled();
    const mine = async () => (await schedules.list(scene.topology.name)).find((facts) => facts.id === id);
    for (const deadline = Date.now() + 20_000; (await mine()) === undefined && Date.now() < deadline;) await delay(100);
    const listed = await mine();
    assert.equal(listed?.what, 'kill-master');
    assert.match(listed?.next ?? '', /-02-29T03:00:00/);
    await schedules.pause(id);
    assert.equal((await scene.client.schedule.getHandle(id).describe()).state.paused, true);
    await schedules.resume(id);
    assert.equal((await scene.client.schedule.getHandle(id).describe()).state.paused, false);
  });

  test('is refused with everything that is wrong about it', async () => {
    const scene = await Scene.make();
    const schedules = new Schedules(scene.client, scene.taskQueue);
    const wrong = { cluster: 'ha-6', topology: 'ha-6', cron: NEVER, timeZone: 'Mars/Olympus', catchupMinutes: 0 };
    await assert.rejects(
      schedules.create(wrong),
      (error: unknown) =>
        error instanceof EverbrokerError &&
        error.type === 'InvalidInput' &&
        ['cluster:', 'timeZone:', 'catchupMinutes:'].every((part) => error.message.includes(part)),
    );
    await assert.rejects(
      schedules.create({ cluster: 'ha-6', cron: 'every day' }),
      (error: unknown) => error instanceof EverbrokerError && /cron: "every day"/.test(error.message),
    );
    await assert.rejects(schedules.pause('everbroker/no/such'), /there is no schedule/);
  });
});

describe('a drill by a schedule', { concurrency: 3 }, () => {
  test('says in its record by which', async () => {
    const { scene, id, run } = await scheduled();
    assert.equal(await run(), 'COMPLETED');
    assert.equal(scene.fake.drills.records[0]?.startedBy, `schedule ${id}`);
  });

  test('that finds the cluster busy is skipped, and the schedule goes on', async () => {
    const one = await scheduled();
    const hanging = one.scene.fake.hang('observeHost/h1');
    const other = await one.scene.start('deployCluster');
    await hanging.started;
    assert.equal(await one.run(), 'COMPLETED');
    assert.equal(one.scene.fake.drills.records[0]?.verdict, 'skipped');
    hanging.go();
    await other.result();
    assert.equal((await one.describe()).state.paused, false);
  });

  test('that proves nothing completes and tells the webhook, and the schedule goes on', async () => {
    const one = await scheduled({ overrides: { notify: { webhook: { url: 'https://example.org/hook' } } } });
    one.scene.fake.lostMessages = ['g1 → g2'];
    assert.equal(await one.run(), 'COMPLETED');
    assert.equal(one.scene.fake.drills.records[0]?.verdict, 'inconclusive');
    assert.equal(one.scene.fake.drills.events.length, 1);
    assert.equal((await one.describe()).state.paused, false);
  });

  test('that fails pauses the schedule', async () => {
    const one = await scheduled();
    one.scene.fake.drills.lost = 1;
    assert.equal(await one.run(), 'FAILED');
    await untilPaused(one);
  });

  test('that leaves a fault behind pauses the schedule', async () => {
    const one = await scheduled({}, { scenario: { ...SCENARIO, fault: { kind: 'freeze', holdSeconds: 0.5 } } });
    one.scene.fake.drills.sticky = true;
    assert.equal(await one.run(), 'FAILED');
    await untilPaused(one);
  });
});

describe('a verification by a schedule', { concurrency: 3 }, () => {
  const verifying = (): Promise<Scheduled> =>
    scheduled(
      { overrides: { notify: { webhook: { url: 'https://example.org/hook' } } } },
      { scenario: undefined as never },
    );

  test('tells the webhook of drift', async () => {
    const { scene, run } = await verifying();
    scene.fake.version = 'v2';
    assert.equal(await run(), 'COMPLETED');
    const [event] = scene.fake.drills.events as { event: string; failed: { name: string }[] }[];
    assert.equal(event?.event, 'verification');
    assert.ok(
      event?.failed.some(({ name }) => /as the topology says/.test(name)),
      JSON.stringify(event),
    );
  });

  test('tells nobody when all is well', async () => {
    const { scene, run } = await verifying();
    assert.equal(await run(), 'COMPLETED');
    assert.deepEqual(scene.fake.drills.events, []);
  });
});
