/** One group over two machines behind SSH: refused on directories that only have one name, deployed on one that both see. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Topology } from '../../core/topology/topology.js';
import { SSHD_JRE_IMAGE } from '../../images/sshd-image.js';
import { freePort } from '../support/free-port.js';
import { sshDirectory, type SshDirectory } from '../support/ssh-directory.js';
import { startSshHosts, type SshHosts } from '../support/ssh-hosts.js';
import { System, failedChecks, rolesOf, until } from '../support/system.js';
import { parsed } from '../support/topologies.js';

const NAME = 't-shared-store';
const SHARED = '/mnt/shared';
let machines: SshHosts;
let system: System;
let directory: SshDirectory;

before(async () => {
  machines = await startSshHosts({ subnet: '10.98.47.0/24', count: 2, image: SSHD_JRE_IMAGE, shared: SHARED });
  directory = await sshDirectory(machines);
  system = await System.start({ env: directory.env });
});

after(async () => {
  await system?.stop();
  await machines?.close();
  await directory?.remove();
});

async function topologyOn(store: string): Promise<Topology> {
  const [one, two] = machines.hosts;
  const node = async (host: string) => ({ host, openwire: await freePort(), console: await freePort() });
  return parsed({
    version: 1,
    name: NAME,
    activemq: { version: '5.18.3' },
    hosts: {
      one: { kind: 'ssh', address: one?.address ?? '' },
      two: { kind: 'ssh', address: two?.address ?? '' },
    },
    groups: {
      brokerA: {
        store: { kind: 'kahadb', directory: store, shared: true },
        nodes: { mq1: await node('one'), mq2: await node('two') },
      },
    },
    bridges: [],
  });
}

const deploy = (topology: Topology, options = {}) =>
  system.everbroker.deploy({ topology: { ...topology }, ...options });
const on = async (index: number, script: string): Promise<string> => {
  const result = await machines.hosts[index]!.inside.exec(['sh', '-c', script], { timeoutMs: 30_000 });
  assert.equal(result.exitCode, 0, result.stderr);
  return result.stdout;
};

test('is refused by name where each machine has a directory of its own, and no broker was started', async () => {
  const operation = await deploy(await topologyOn('/srv/mq/store'), { rollback: true });
  await assert.rejects(operation.result(), (error: Error & { type?: string }) => {
    assert.equal(error.type, 'StoreNotShared');
    assert.match(error.message, /the store of brokerA, \/srv\/mq\/store is another directory on two than on one/);
    return true;
  });
  const { steps } = await operation.progress();
  assert.equal(steps.find(({ id }) => id === 'proveLock/brokerA')?.status, 'failed');
  assert.ok(steps.filter(({ id }) => id.startsWith('startNode/')).every(({ status }) => status === 'pending'));
  for (const index of [0, 1])
    assert.equal(await on(index, 'ls -A /srv; ls -d /var/lib/everbroker 2>/dev/null || :'), '');
});

test('is deployed on a directory that both see, fails over from one machine to the other, and goes with its data', async () => {
  const topology = await topologyOn(`${SHARED}/brokerA`);
  const operation = await deploy(topology);
  const deployed = await operation.result();
  assert.deepEqual([deployed.outcome, failedChecks(deployed.checks)], ['deployed', []]);
  assert.deepEqual(rolesOf(deployed.nodes), { mq1: 'master', mq2: 'slave' });
  const { steps } = await operation.progress();
  assert.match(steps.find(({ id }) => id === 'proveLock/brokerA')?.note ?? '', /^held on one, seen and taken on two/);

  await on(0, 'sh /var/lib/everbroker/agent.sh kill mq1');
  await until('the other machine serves', async () => {
    const { healthy, nodes } = await (await system.everbroker.status({ topology: { ...topology } })).result();
    return healthy && rolesOf(nodes)['mq2'] === 'master';
  });
  const again = await (await deploy(topology)).result();
  assert.deepEqual([again.outcome, again.steps.run], ['unchanged', 0]);
  const { verdict, checks } = await (await system.everbroker.verify({ topology: { ...topology } })).result();
  assert.equal(verdict, 'passed', JSON.stringify(failedChecks(checks)));

  const gone = await (
    await system.everbroker.destroy({ topology: { ...topology }, deleteData: true, confirm: NAME })
  ).result();
  assert.equal(gone.outcome, 'destroyed');
  for (const index of [0, 1]) assert.equal(await on(index, `ls -A ${SHARED}`), '');
});
