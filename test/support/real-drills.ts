/** Drills of system tests: short ones, and what became of them. */
import assert from 'node:assert/strict';
import type { DrillInput } from '../../core/contract.js';
import type { DrillRecord, Hypothesis } from '../../core/drills/record.js';
import type { ScenarioInput } from '../../core/drills/scenario.js';
import type { Topology } from '../../core/topology/topology.js';
import type { OperationHandle } from '../../client/everbroker.js';
import { failedRecord } from '../../client/records.js';
import { until, type System } from './system.js';

/** Few messages for a short time: what is tested is the drill and not the broker. */
export const shortScenario = (
  more: Partial<ScenarioInput> & Pick<ScenarioInput, 'target' | 'fault'>,
): ScenarioInput => ({
  version: 1,
  name: `test-${more.fault.kind}`,
  load: { flows: [{ perSecond: 50 }], warmUpSeconds: 1, afterSeconds: 1 },
  ...more,
});

/** Longer than a watchdog takes to act, and than a takeover then takes. */
export const FREEZE = shortScenario({
  target: { role: 'master', group: 'brokerA' },
  fault: { kind: 'freeze', holdSeconds: 30 },
  expect: { brokerRtoSeconds: 25 },
});

export const startDrill = (
  system: System,
  topology: Topology,
  scenario: DrillInput['scenario'],
): Promise<OperationHandle<DrillRecord>> => system.everbroker.drill({ topology: { ...topology }, scenario });

/** The record of a drill, also of one that failed by its verdict. */
export const recordOf = (drill: OperationHandle<DrillRecord>): Promise<DrillRecord> =>
  drill.result().catch((error: unknown) => {
    const record = failedRecord(error);
    if (record === null) throw error;
    return record;
  });

/** Again where its load did not flow, because the machine had too much else to do: such a drill says nothing. */
export async function runDrill(
  system: System,
  topology: Topology,
  scenario: DrillInput['scenario'],
  attempts = 3,
): Promise<DrillRecord> {
  const record = await recordOf(await startDrill(system, topology, scenario));
  const hasFlowed = record.hypotheses.every(({ name, held }) => name !== 'load' || held !== false);
  return hasFlowed || attempts === 1 ? record : runDrill(system, topology, scenario, attempts - 1);
}

/** Waits until the fault is on. */
export const untilHeld = (drill: OperationHandle<DrillRecord>): Promise<void> =>
  until(
    'the fault is held',
    async () => {
      const { steps } = await drill.progress();
      return steps.some(({ id, status }) => id.startsWith('drill/hold') && status === 'running');
    },
    120_000,
  );

export function assertPassed(record: DrillRecord): void {
  const failed = record.hypotheses.filter(({ held }) => held !== true);
  assert.equal(record.verdict, 'passed', JSON.stringify(factsOf(record, failed), null, 1));
}

/**
 * How long a broker takes to serve depends on what else the machine of the tests does; only that everything came back, and
 * that all other hypotheses held, does not.
 */
export function assertPassedInItsTime(record: DrillRecord): void {
  const failed = record.hypotheses.filter(
    ({ name, held, measured }) => held !== true && (measured === null || !name.endsWith('Seconds')),
  );
  assert.deepEqual(failed, [], JSON.stringify(factsOf(record, failed), null, 1));
  assert.notEqual(record.verdict, 'inconclusive', record.reason);
}

const factsOf = ({ reason, ledger, injections }: DrillRecord, failed: Hypothesis[]) => ({
  reason,
  failed,
  ledger: ledger?.total,
  injections,
});

/** A drill that cannot be done is refused before anything is broken, and before any load. */
export async function assertRefused(drill: OperationHandle<DrillRecord>, why: RegExp): Promise<void> {
  await assert.rejects(drill.result(), { type: 'FaultImpossible', message: why });
  const { steps } = await drill.progress();
  assert.deepEqual(
    steps.map(({ id }) => id).filter((id) => id.startsWith('drill/')),
    ['drill/steady state', 'drill/can it be done'],
  );
}
