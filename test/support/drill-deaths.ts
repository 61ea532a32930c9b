/** What a fault is to survive: the death of the worker, and that of everything of Everbroker beside the hosts. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'node:test';
import type { DrillRecord } from '../../core/drills/record.js';
import type { ScenarioInput } from '../../core/drills/scenario.js';
import type { Topology } from '../../core/topology/topology.js';
import { recordOf, startDrill, untilHeld } from './real-drills.js';
import { until, type System } from './system.js';
import { whatIsMissing } from './whole-cluster.js';

/** Beyond the hold. */
const HEALED_WITHIN_MS = 30_000;

interface Dying {
  /** Asked when the tests run. */
  on: () => { system: System; topology: Topology };
  scenario: ScenarioInput;
  holdSeconds: number;
  /** What else the record has to show: by default that nothing is lost. */
  judged?: (record: DrillRecord) => void;
}

export function testDeaths({ on, scenario, holdSeconds, judged = assertNothingLost }: Dying): void {
  test('the worker dies and comes back: the drill goes on, heals and judges', async () => {
    const { system, topology } = on();
    const drill = await startDrill(system, topology, scenario);
    await untilHeld(drill);
    await system.killWorker();
    const endOfHold = Date.now() + holdSeconds * 1000;
    await system.startWorker();
    const record = await recordOf(drill);
    assert.equal(record.healed, true);
    const [injection] = record.injections;
    assert.ok((injection?.healedAt ?? Infinity) < endOfHold + HEALED_WITHIN_MS, JSON.stringify(injection));
    assert.notEqual(record.verdict, 'inconclusive', record.reason);
    judged(record);
  });

  test('worker and Temporal die: the fault heals by itself, and the drill ends when they are back', async () => {
    const { system, topology } = on();
    const drill = await startDrill(system, topology, scenario);
    await untilHeld(drill);
    await Promise.all([system.killWorker(), system.killServer()]);
    await delay(holdSeconds * 1000);
    await untilWhole(system, topology);
    await system.startServer();
    await system.startWorker();
    const record = await recordOf(drill);
    assert.equal(record.healed, true);
    assert.notEqual(record.injections[0]?.healedBy, 'drill');
    judged(record);
  });
}

async function untilWhole(system: System, topology: Topology): Promise<void> {
  let missing: string[] = [];
  const isWhole = async (): Promise<boolean> => (missing = await whatIsMissing(system, topology)).length === 0;
  try {
    await until('the cluster is whole by itself', isWhole, HEALED_WITHIN_MS);
  } catch (error) {
    throw new Error(missing.join('\n'), { cause: error });
  }
}

const assertNothingLost = ({ ledger, reason }: DrillRecord): void =>
  assert.equal(ledger?.total.lost, 0, JSON.stringify([reason, ledger?.total]));
