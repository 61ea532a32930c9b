/** Numbers of drills: one scenario many times in a row, and every shipped scenario on its topology. */
import { JRE_IMAGE } from '../images/jre-image.js';
import { SHIPPED_SCENARIOS } from '../test/support/shipped-scenarios.js';
import type { DrillRecord } from '../core/drills/record.js';
import type { ScenarioInput } from '../core/drills/scenario.js';
import type { TopologyInput } from '../core/topology/schema.js';
import { killsText, scenariosText, seriesOf, type Series } from './drills-report.js';
import { withCluster } from './cluster.js';
import type { PartOptions, PartResult } from './part.js';
import { dockerTopology } from './topology.js';

/** ActiveMQ's default, the second that many configure, and the project's default. */
const LOCK_POLLS_MS = [10_000, 1_000, 250];
/** Kills in a row in one drill, under one load; a round is one such drill with each lock poll. */
const KILLS = 25;

const killMany: ScenarioInput = {
  version: 1,
  name: 'kill-master-in-a-row',
  target: { role: 'master' },
  fault: { kind: 'kill' },
  repeat: KILLS,
  load: { flows: [{ perSecond: 200 }] },
  guards: { atMostMinutes: 60 },
};

/** kill -9 of the master, rounds × 25 times, with each lock poll in turn. */
export async function killPart(options: PartOptions): Promise<PartResult> {
  const records = new Map<number, DrillRecord[]>(LOCK_POLLS_MS.map((poll) => [poll, []]));
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const poll of LOCK_POLLS_MS) {
      options.say(`round ${round}: ${KILLS} kills with a lock poll of ${poll} ms`);
      const topology = withLockPoll(await dockerTopology(JRE_IMAGE, 'ha-3'), poll);
      const record = await withCluster(options, topology, (everbroker) => everbroker.drill(killMany, options.signal));
      options.say(`  ${record.verdict}: ${record.reason}`);
      records.get(poll)?.push(record);
    }
  }
  const series = [...records].map(([poll, found]) => seriesOf(`${poll / 1000} s`, found));
  return { text: killsText(series), data: { series } };
}

function withLockPoll(topology: TopologyInput, lockPollMs: number): TopologyInput {
  const groups = Object.entries(topology.groups).map(([name, group]) => {
    const { store } = group;
    return [name, { ...group, store: store.kind === 'kahadb' ? { ...store, lockPollMs } : store }];
  });
  return { ...topology, groups: Object.fromEntries(groups) };
}

/** Every shipped scenario, once a round. */
export async function scenariosPart(options: PartOptions): Promise<PartResult> {
  const all: (Series & { topology: string })[] = [];
  for (const [topology, scenarios] of Object.entries(SHIPPED_SCENARIOS)) {
    await withCluster(options, await dockerTopology(JRE_IMAGE, topology), async (everbroker) => {
      for (const scenario of scenarios) {
        const records: DrillRecord[] = [];
        for (let round = 1; round <= options.rounds; round += 1) {
          options.say(`${scenario} on ${topology}, round ${round}`);
          const record = await everbroker.drill(scenario, options.signal);
          options.say(`  ${record.verdict}: ${record.reason}`);
          records.push(record);
        }
        all.push({ ...seriesOf(scenario, records), topology });
      }
    });
  }
  return { text: scenariosText(all), data: { scenarios: all } };
}
