/**
 * Three groups are away for a minute, each found in another way when they are back. ActiveMQ's own back-off has grown to half
 * a minute by then; the bounded one must not.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AGENT_FILE } from '../../core/layout.js';
import { nodesOfGroup, type Topology } from '../../core/topology/topology.js';
import { joints, secondsUntilProven } from '../support/network.js';
import { System, failedChecks, until } from '../support/system.js';

const AWAY_MS = 60_000;
/** From a master that serves to its bridge; below a default back-off's next try. */
const BACK_MS = 20_000;
const KINDS = { AB: 'masterslave', AC: 'static', AD: 'multicast' } as const;

let system: System;
let topology: Topology;
before(async () => {
  system = await System.start();
  const bridges = Object.entries(KINDS).flatMap(([pair, discovery]) => joints(pair, { discovery }));
  topology = await system.topology({ groups: 4, nodesPerGroup: 2, oneHost: true }, { bridges });
  const result = await (await system.everbroker.deploy({ topology: { ...topology } })).result();
  assert.deepEqual(failedChecks(result.checks), []);
});
after(() => system.stop());

const away = ['brokerB', 'brokerC', 'brokerD'];
const agent = (command: 'up' | 'down'): Promise<string> => {
  const nodes = away.flatMap((group) => nodesOfGroup(topology, group).map(({ name }) => name));
  return system.sh(
    topology,
    'host1',
    `for node in ${nodes.join(' ')}; do sh ${AGENT_FILE} ${command} $node & done; wait`,
  );
};
const passing = async (): Promise<string[]> => {
  const { checks } = await (await system.everbroker.status({ cluster: topology.name })).result();
  return checks.filter(({ ok }) => ok).map(({ name }) => name);
};

test('bridges are back soon after a minute’s outage, however they find the other master', async () => {
  await agent('down');
  await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
  const before = await passing();
  for (const pair of Object.keys(KINDS)) assert.ok(!before.includes(`bridge ${pair} is connected`), pair);
  await agent('up');
  const served: Record<string, number> = {};
  const joined: Record<string, number> = {};
  await until(
    'every bridge is back in time',
    async () => {
      const names = await passing();
      for (const pair of Object.keys(KINDS)) {
        if (names.includes(`one master of broker${pair[1] ?? ''}`)) served[pair] ??= Date.now();
        if (names.includes(`bridge ${pair} is connected`)) joined[pair] ??= Date.now();
        const since = served[pair];
        if (since !== undefined && joined[pair] === undefined && Date.now() - since > BACK_MS)
          throw new Error(`bridge ${pair} (${KINDS[pair as keyof typeof KINDS]}) is not back`);
      }
      return Object.keys(joined).length === Object.keys(KINDS).length;
    },
    180_000,
  );
  for (const [pair, kind] of Object.entries(KINDS)) {
    const seconds = (((joined[pair] ?? 0) - (served[pair] ?? 0)) / 1000).toFixed(1);
    console.error(`${kind}: connected ${seconds} s after its master was seen`);
  }
  console.error(`proven by messages ${(await secondsUntilProven(system, topology, 60_000)).toFixed(1)} s later`);
});
