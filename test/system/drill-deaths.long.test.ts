/** While a fault is on, Everbroker dies: the fault heals all the same, within half a minute of the end of its hold. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import type { ScenarioInput } from '../../core/drills/scenario.js';
import type { Topology } from '../../core/topology/topology.js';
import { recordOf, shortScenario, startDrill, untilHeld } from '../support/drilling.js';
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
const holdSeconds = HOLD_SECONDS;
const FAULTS: Pick<ScenarioInput, 'target' | 'fault'>[] = [
  { target: master, fault: { kind: 'kill', holdSeconds } },
  { target: master, fault: { kind: 'stop', holdSeconds } },
  { target: master, fault: { kind: 'freeze', holdSeconds } },
  { target: { role: 'host-of-master', group: 'brokerA' }, fault: { kind: 'lose-host', how: 'kill', holdSeconds } },
  { target: { role: 'host-of-master', group: 'brokerA' }, fault: { kind: 'lose-host', how: 'cut', holdSeconds } },
  { target: master, fault: { kind: 'partition', between: 'host-and-clients', holdSeconds } },
  { target: master, fault: { kind: 'partition', between: 'groups', holdSeconds } },
  { target: { role: 'host-of-master', group: 'brokerA' }, fault: { kind: 'packets', lossPercent: 20, holdSeconds } },
  { target: { role: 'bridge' }, fault: { kind: 'cut-bridge', holdSeconds } },
];

const nameOf = ({ fault }: (typeof FAULTS)[number]): string =>
  [fault.kind, ...('how' in fault ? [fault.how] : []), ...('between' in fault ? [fault.between] : [])].join(' ');

/** Without Temporal and without a worker: what the hosts and the engine themselves show. */
async function isWhole(): Promise<boolean> {
  const containers = await system.engine.listContainers(topology.name);
  if (containers.some(({ labels }) => labels['everbroker.role'] === 'fault')) return false;
  for (const host of ['host1', 'host2']) {
    const seen = await system.sh(topology, host, LOOK).catch(() => '');
    if (!/^2 0 0$/m.test(seen)) return false;
  }
  return true;
}

/** JVMs that run, JVMs that are stopped, timers of the agent that are armed. */
const LOOK = `running=0 stopped=0
for base in $(ls /usr/local/mqcluster); do
  for process in $(grep -lsaz "^-Dactivemq.base=/usr/local/mqcluster/$base$" /proc/[0-9]*/cmdline); do
    case $(cut -d')' -f2 "\${process%/cmdline}/stat" | cut -c2) in T) stopped=$((stopped + 1)) ;; Z) ;; *) running=$((running + 1)) ;; esac
  done
done
echo "$running $stopped $(ls /var/lib/everbroker/faults/*/armed 2>/dev/null | grep -c . || true)"`;

for (const fault of FAULTS) {
  describe(`while ${nameOf(fault)} is on`, () => {
    const scenario = shortScenario({ ...fault, guards: { standby: false } });

    test('the worker dies and comes back: the drill goes on, heals and judges', async () => {
      const drill = await startDrill(system, topology, scenario);
      await untilHeld(drill);
      await system.killWorker();
      const endOfHold = Date.now() + HOLD_SECONDS * 1000;
      await system.startWorker();
      const record = await recordOf(drill);
      assert.equal(record.healed, true);
      assert.notEqual(record.verdict, 'inconclusive', record.reason);
      assert.equal(record.ledger?.total.lost, 0, JSON.stringify(record.ledger?.total));
      const [injection] = record.injections;
      assert.ok((injection?.healedAt ?? Infinity) < endOfHold + HEALED_WITHIN_MS, JSON.stringify(injection));
    });

    test('worker and Temporal die: the fault heals by itself, and the drill ends when they are back', async () => {
      const drill = await startDrill(system, topology, scenario);
      await untilHeld(drill);
      await Promise.all([system.killWorker(), system.killServer()]);
      await until('the cluster is whole by itself', isWhole, HOLD_SECONDS * 1000 + HEALED_WITHIN_MS);
      await delay(500);
      await system.startServer();
      await system.startWorker();
      const record = await recordOf(drill);
      assert.equal(record.healed, true);
      assert.equal(record.ledger?.total.lost, 0, JSON.stringify(record.ledger?.total));
    });
  });
}
