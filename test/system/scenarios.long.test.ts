/** The shipped scenarios on the topologies that they are made for; drills.test.ts has the masters' death and freeze. */
import { after, before, describe, test } from 'node:test';
import type { Topology } from '../../core/topology/topology.js';
import { assertPassed, assertPassedInItsTime, runDrill } from '../support/real-drills.js';
import { withJava } from '../support/network.js';
import { shippedCopy } from '../support/shipped.js';
import { SHIPPED_SCENARIOS } from '../support/shipped-scenarios.js';
import { System } from '../support/system.js';

let system: System;
before(async () => {
  system = await System.start();
});
after(() => system.stop());

/** In drills.test.ts, which is run more often. */
const ELSEWHERE = ['kill-master', 'freeze-master'];

/** Their clients go on all the time: a silence as long as the fault is what they look for. */
const NOBODY_FAILS_OVER = ['partition-group', 'cut-bridge'];

for (const [name, scenarios] of Object.entries(SHIPPED_SCENARIOS)) {
  describe(`on ${name}`, () => {
    let topology: Topology;
    before(async () => {
      topology = withJava(await shippedCopy(name));
      system.owns(topology.name);
      await (await system.everbroker.deploy({ topology: { ...topology } })).result();
    });
    after(async () => {
      const input = { topology: { ...topology }, deleteData: true, confirm: topology.name };
      await (await system.everbroker.destroy(input)).result();
    });

    for (const scenario of scenarios.filter((each) => !ELSEWHERE.includes(each)))
      test(`${scenario} passes`, async () => {
        const record = await runDrill(system, topology, scenario);
        if (NOBODY_FAILS_OVER.includes(scenario)) assertPassed(record);
        else assertPassedInItsTime(record);
      });
  });
}
