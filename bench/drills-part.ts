/** Numbers of drills: one scenario many times in a row, and every shipped scenario on its topology. */
import { JRE_IMAGE } from '../images/jre-image.js';
import { SHIPPED_SCENARIOS } from '../test/support/shipped-scenarios.js';
import type { DrillRecord } from '../core/drills/record.js';
import type { ScenarioInput } from '../core/drills/scenario.js';
import type { TopologyInput } from '../core/topology/schema.js';
import { killsText, scenariosText, seriesOf, type Series } from './drills-report.js';
import { withCluster } from './cluster.js';
import type { PartOptions, PartResult } from './part.js';
import { dockerTopology, type Lane } from './topology.js';

/**
 * ActiveMQ's default, the second that many configure, and the project's default. Two clusters at once: the first waits for
 * its lock most of the time, in which the second has the machine.
 */
const LANES = [[10_000], [1_000, 250]] as const;
/** Kills in a row in one drill, under one load. */
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

/** kill -9 of the master, rounds × 25 times with each lock poll. */
export async function killPart(options: PartOptions): Promise<PartResult> {
  const perLane = await Promise.all(
    LANES.map(async (polls, lane) => {
      const all: Series[] = [];
      for (const poll of polls) all.push(await killRounds(options, poll, lane as Lane));
      return all;
    }),
  );
  const series = perLane.flat();
  return { text: killsText(series), data: { series } };
}

/** What it has so far is told after each round: an hour that is interrupted is not lost. */
async function killRounds(options: PartOptions, poll: number, lane: Lane): Promise<Series> {
  const name = `${poll / 1000} s`;
  const topology = withLockPoll(await dockerTopology(JRE_IMAGE, 'ha-3', lane), poll);
  return withCluster(options, topology, async (everbroker) => {
    const records: DrillRecord[] = [];
    for (let round = 1; round <= options.rounds; round += 1) {
      const record = await everbroker.drill(killMany, options.signal);
      options.say(`lock poll ${name}, round ${round} of ${KILLS} kills: ${record.verdict}: ${record.reason}`);
      records.push(record);
      options.say(killsText([seriesOf(name, records)]));
    }
    return seriesOf(name, records);
  });
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
