/** While a fault is on, Everbroker dies: the fault heals all the same, within half a minute of the end of its hold. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import type { DrillRecord } from '../../core/drills/record.js';
import type { ScenarioInput } from '../../core/drills/scenario.js';
import { hostOf, nodesOnHost, type Topology } from '../../core/topology/topology.js';
import { recordOf, shortScenario, startDrill, untilHeld } from '../support/real-drills.js';
import { System, until } from '../support/system.js';

const HOLD_SECONDS = 6;
/** Beyond the hold. */
const HEALED_WITHIN_MS = 30_000;

let system: System;
let topology: Topology;
before(async () => {
  system = await System.start({ durable: true });
  topology = await system.topology({ groups: 2, nodesPerGroup: 2 });
  await (await system.everbroker.deploy({ topology: { ...topology } })).result();
});
after(() => system.stop());

const master = { role: 'master', group: 'brokerA' } as const;
const hostOfMaster = { role: 'host-of-master', group: 'brokerA' } as const;
const holdSeconds = HOLD_SECONDS;

type Death = Pick<ScenarioInput, 'target' | 'fault'>;

const DEATHS: Death[] = [
  { target: master, fault: { kind: 'kill', holdSeconds } },
  { target: master, fault: { kind: 'stop', holdSeconds } },
  { target: master, fault: { kind: 'freeze', holdSeconds } },
  { target: hostOfMaster, fault: { kind: 'lose-host', how: 'kill', holdSeconds } },
  { target: hostOfMaster, fault: { kind: 'lose-host', how: 'cut', holdSeconds } },
  { target: master, fault: { kind: 'partition', between: 'host-and-clients', holdSeconds } },
  { target: master, fault: { kind: 'partition', between: 'groups', holdSeconds } },
  { target: hostOfMaster, fault: { kind: 'packets', lossPercent: 20, holdSeconds } },
  { target: { role: 'bridge' }, fault: { kind: 'cut-bridge', holdSeconds } },
];

const nameOf = ({ fault }: Death): string =>
  [fault.kind, ...('how' in fault ? [fault.how] : []), ...('between' in fault ? [fault.between] : [])].join(' ');

/** Without Temporal and without a worker: what the hosts themselves show, and who reaches their brokers. */
async function isWhole(): Promise<boolean> {
  for (const [host, other] of [
    ['host1', 'host2'],
    ['host2', 'host1'],
  ] as const) {
    const ways = nodesOnHost(topology, other).map(
      ({ openwire }) => `/dev/tcp/${hostOf(topology, other).address}/${openwire}`,
    );
    const seen = await system.sh(topology, host, `${LOOK}\n${reaches(ways)}`).catch(() => '');
    if (!/^2 0 0\nreached$/m.test(seen) || !(await answersOutside(host))) return false;
  }
  return true;
}

async function answersOutside(host: string): Promise<boolean> {
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

for (const death of DEATHS) {
  describe(`while ${nameOf(death)} is on`, () => {
    const scenario = shortScenario({ ...death, guards: { standby: false } });

    test('the worker dies and comes back: the drill goes on, heals and judges', async () => {
      const drill = await startDrill(system, topology, scenario);
      await untilHeld(drill);
      await system.killWorker();
      const endOfHold = Date.now() + HOLD_SECONDS * 1000;
      await system.startWorker();
      const record = await recordOf(drill);
      assertHealed(record);
      assert.notEqual(record.verdict, 'inconclusive', record.reason);
      const [injection] = record.injections;
      assert.ok((injection?.healedAt ?? Infinity) < endOfHold + HEALED_WITHIN_MS, JSON.stringify(injection));
    });

    test('worker and Temporal die: the fault heals by itself, and the drill ends when they are back', async () => {
      const drill = await startDrill(system, topology, scenario);
      await untilHeld(drill);
      await Promise.all([system.killWorker(), system.killServer()]);
      await delay(HOLD_SECONDS * 1000);
      await until('the cluster is whole by itself', isWhole, HEALED_WITHIN_MS);
      await system.startServer();
      await system.startWorker();
      const record = await recordOf(drill);
      assertHealed(record);
      assert.notEqual(record.injections[0]?.healedBy, 'drill');
    });
  });
}

function assertHealed(record: DrillRecord): void {
  assert.equal(record.healed, true);
  assert.equal(record.ledger?.total.lost, 0, JSON.stringify([record.reason, record.ledger?.total]));
}
