/** What a fault is to survive: the death of the worker, and that of everything of Everbroker beside the hosts. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'node:test';
import type { DrillRecord } from '../../core/drills/record.js';
import type { ScenarioInput } from '../../core/drills/scenario.js';
import { hostNames, hostOf, nodesOnHost, type Topology } from '../../core/topology/topology.js';
import { recordOf, startDrill, untilHeld } from './real-drills.js';
import { until, type System } from './system.js';

/** Beyond the hold. */
const HEALED_WITHIN_MS = 30_000;

interface Dying {
  /** Asked when the tests run. */
  on: () => { system: System; topology: Topology };
  scenario: ScenarioInput;
  holdSeconds: number;
}

export function testDeaths({ on, scenario, holdSeconds }: Dying): void {
  test('the worker dies and comes back: the drill goes on, heals and judges', async () => {
    const { system, topology } = on();
    const drill = await startDrill(system, topology, scenario);
    await untilHeld(drill);
    await system.killWorker();
    const endOfHold = Date.now() + holdSeconds * 1000;
    await system.startWorker();
    const record = await recordOf(drill);
    assertHealed(record);
    assert.notEqual(record.verdict, 'inconclusive', record.reason);
    const [injection] = record.injections;
    assert.ok((injection?.healedAt ?? Infinity) < endOfHold + HEALED_WITHIN_MS, JSON.stringify(injection));
  });

  test('worker and Temporal die: the fault heals by itself, and the drill ends when they are back', async () => {
    const { system, topology } = on();
    const drill = await startDrill(system, topology, scenario);
    await untilHeld(drill);
    await Promise.all([system.killWorker(), system.killServer()]);
    await delay(holdSeconds * 1000);
    await until('the cluster is whole by itself', () => isWhole(system, topology), HEALED_WITHIN_MS);
    await system.startServer();
    await system.startWorker();
    const record = await recordOf(drill);
    assertHealed(record);
    assert.notEqual(record.injections[0]?.healedBy, 'drill');
  });
}

function assertHealed(record: DrillRecord): void {
  assert.equal(record.healed, true);
  assert.equal(record.ledger?.total.lost, 0, JSON.stringify([record.reason, record.ledger?.total]));
}

/** Without Temporal and without a worker: what the hosts themselves show, and who reaches their brokers. */
async function isWhole(system: System, topology: Topology): Promise<boolean> {
  const hosts = hostNames(topology);
  for (const host of hosts) {
    const ways = hosts
      .filter((other) => other !== host)
      .flatMap((other) =>
        nodesOnHost(topology, other).map(({ openwire }) => `/dev/tcp/${hostOf(topology, other).address}/${openwire}`),
      );
    const seen = await system.sh(topology, host, `${LOOK}\n${reaches(ways)}`).catch(() => '');
    const wanted = `${nodesOnHost(topology, host).length} 0 0\nreached\n`;
    if (seen !== wanted || !(await answersOutside(system, topology, host))) return false;
  }
  return true;
}

async function answersOutside(system: System, topology: Topology, host: string): Promise<boolean> {
  const tries = nodesOnHost(topology, host).map(({ openwire }) =>
    system
      .host(topology, host)
      .open(openwire, { timeoutMs: 1000 })
      .then((stream) => (stream.destroy(), true))
      .catch(() => false),
  );
  return (await Promise.all(tries)).includes(true);
}

const reaches = (ways: readonly string[]): string =>
  `for way in ${ways.join(' ')}; do if timeout 1 bash -c ": <$way" 2>/dev/null; then echo reached; break; fi; done`;

/** JVMs that run, JVMs that are stopped, timers of the agent that are armed. */
const LOOK = `running=0 stopped=0
for process in $(grep -lsaz '^-Dactivemq.base=' /proc/[0-9]*/cmdline); do
  case $(cut -d')' -f2 "\${process%/cmdline}/stat" | cut -c2) in T) stopped=$((stopped + 1)) ;; Z) ;; *) running=$((running + 1)) ;; esac
done
echo "$running $stopped $(ls /var/lib/everbroker/faults/*/armed 2>/dev/null | grep -c . || true)"`;
