/** While a fault is on, Everbroker dies: the fault heals all the same, within half a minute of the end of its hold. */
import { after, before, describe } from 'node:test';
import type { ScenarioInput } from '../../core/drills/scenario.js';
import type { Topology } from '../../core/topology/topology.js';
import { testDeaths } from '../support/drill-deaths.js';
import { shortScenario } from '../support/real-drills.js';
import { System } from '../support/system.js';

const HOLD_SECONDS = 6;

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

for (const death of DEATHS)
  describe(`while ${nameOf(death)} is on`, () =>
    testDeaths({
      on: () => ({ system, topology }),
      scenario: shortScenario({ ...death, guards: { standby: false } }),
      holdSeconds,
    }));
