/** A bridge whose link is slow, dead, or of a stranger's making: each is told by its own fault. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { hostOf, nodeNamed, type Topology } from '../../core/topology/topology.js';
import { faultsOf } from '../support/network.js';
import { Victim } from '../support/sabotage.js';
import { openSlowLink, type SlowLink } from '../support/slow-link.js';
import { System, failedChecks } from '../support/system.js';

let system: System;
let topology: Topology;
let link: SlowLink;
before(async () => {
  system = await System.start();
  topology = await system.topology({ groups: 2, nodesPerGroup: 1 });
  const result = await (await system.everbroker.deploy({ topology: { ...topology } })).result();
  assert.deepEqual(failedChecks(result.checks), []);
  const { address } = hostOf(topology, 'host2');
  const gateway = address.replace(/\d+$/, '1');
  const { openwire } = nodeNamed(topology, 'mq2');
  link = await openSlowLink(gateway, { host: address, port: openwire });
  const groupA = new Victim(system, topology, 'brokerA');
  await groupA.edit('activemq.xml', `s#tcp://${address}:${openwire}#tcp://${gateway}:${link.port}#`);
  await groupA.restart();
  await system.untilStatus(topology.name, ({ healthy }) => healthy);
});
after(async () => {
  link.close();
  await system.stop();
});

const ROUTES = ['bridge toB: brokerA → brokerB', 'bridge toB: brokerB → brokerA'];
/** Without the file that this test itself has changed. */
const bridgeFaults = async (): Promise<string[]> =>
  (await faultsOf(system, topology)).filter((fault) => !fault.startsWith('host1 '));

test('a link without a delay is no fault', async () => {
  assert.deepEqual(await bridgeFaults(), []);
});

test('messages that take many seconds tell of a slow bridge, in each direction, and none is lost', async () => {
  link.delayMs = 6_000;
  const faults = await bridgeFaults();
  assert.equal(faults.length, 2, faults.join('\n'));
  for (const [index, route] of ROUTES.entries())
    assert.match(faults[index] ?? '', new RegExp(`^${route} \\| BridgeSlow \\| 20 acknowledged, 20 received, 0 lost`));
});

test('a link that lets nothing through, while both brokers believe in it, is a dead bridge', async () => {
  link.delayMs = 600_000;
  const faults = await bridgeFaults();
  const routes = faults.filter((fault) => fault.includes('→'));
  assert.equal(routes.length, 2, faults.join('\n'));
  for (const fault of routes) assert.match(fault, /\| BridgeDown \| 20 acknowledged, 0 received, 0 lost/);
});
