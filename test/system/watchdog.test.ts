/** Faults of the host agent and its watchdog against real brokers: what one of them does to the group, and who ends it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Deps } from '../../activities/deps.js';
import { healFault, injectFault, lookForFault } from '../../activities/faults/index.js';
import { collectSamples, startRecording } from '../../activities/recording.js';
import type { HostFault } from '../../core/drills/host-fault.js';
import { AGENT_FILE } from '../../core/layout.js';
import type { Topology } from '../../core/topology/topology.js';
import { System, until } from '../support/system.js';

const TOKEN = 'a-drill';
const { signal } = new AbortController();

describe('a real master', () => {
  let system: System;
  let topology: Topology;
  let deps: Deps;

  before(async () => {
    system = await System.start();
    topology = await system.topology({ groups: 1, nodesPerGroup: 2 }, { watchdog: { unresponsiveSeconds: 5 } });
    deps = { openHost: (of: Topology, host: string) => Promise.resolve(system.host(of, host)) } as unknown as Deps;
    await (await system.everbroker.deploy({ topology: { ...topology } })).result();
    await on(`sh ${AGENT_FILE} claim ${TOKEN}`);
  });
  after(() => system.stop());

  const host = () => Object.keys(topology.hosts)[0] ?? '';
  const on = (script: string) => system.sh(topology, host(), script);
  const events = () => on('cat /var/lib/everbroker/events.log');
  const at = (id: string, fault: HostFault) => ({ topology, host: host(), token: TOKEN, id, fault });
  const roles = async () =>
    (await collectSamples(deps, { topology, hosts: [host()], drill: 'd1' }, signal)).at(-1)?.roles;
  const isMaster = (node: string) =>
    until(`${node} is master`, async () => (await roles())?.[node] === 'master', 60_000);
  const isSlave = (node: string) => until(`${node} is slave`, async () => (await roles())?.[node] === 'slave', 60_000);

  test('that is asked every few seconds by the watchdog has nothing of it in its log, and is recorded', async () => {
    await startRecording(deps, { topology, host: host(), token: TOKEN, drill: 'd1', seconds: 300 }, signal);
    await isMaster('mq1');
    await isSlave('mq2');
    const log = `${topology.root}/mq1/data/activemq.log`;
    const before = await on(`cat ${log}`);
    // Every other second it is asked.
    await on('sleep 8');
    assert.doesNotMatch((await on(`cat ${log}`)).slice(before.length), /127\.0\.0\.1|WARN|ERROR/);
    assert.doesNotMatch(await events(), /watchdog-fenced/);
  });

  test('that is frozen is fenced, the slave takes over, and there is nothing left to heal', async () => {
    const frozen = at('f1', { by: 'agent', kind: 'freeze', node: 'mq1', holdSeconds: 120 });
    const { at: since } = await injectFault(deps, frozen, signal);
    assert.equal((await lookForFault(deps, frozen, signal)).present, true);
    await isMaster('mq2');
    await isSlave('mq1');
    assert.match(await events(), /mq1 watchdog-fenced pid \d+ was stopped \(state T\) for 5 s/);
    assert.equal((await lookForFault(deps, frozen, signal)).present, false);
    assert.equal((await healFault(deps, frozen, signal)).by, 'by itself');
    const seen = await collectSamples(deps, { topology, hosts: [host()], drill: 'd1' }, signal);
    const during = seen.filter((sample) => sample.at > since).map(({ roles: { mq1, mq2 } }) => `${mq1} ${mq2}`);
    assert.ok(during.includes('frozen slave'), during.join());
    assert.ok(!during.includes('master master'));
  });

  test('whose lock file is replaced gives up, and its slave takes over', async () => {
    const replaced = at('f2', { by: 'agent', kind: 'replace-lock', node: 'mq2', holdSeconds: 0 });
    const { at: since } = await injectFault(deps, replaced, signal);
    await until('it is over', async () => !(await lookForFault(deps, replaced, signal)).present, 60_000);
    assert.equal((await healFault(deps, replaced, signal)).by, 'by itself');
    await isMaster('mq1');
    await isSlave('mq2');
    const seen = await collectSamples(deps, { topology, hosts: [host()], drill: 'd1' }, signal);
    const during = seen.filter((sample) => sample.at > since).map(({ roles: { mq1, mq2 } }) => `${mq1} ${mq2}`);
    assert.ok(!during.includes('master master'), during.join());
  });
});
