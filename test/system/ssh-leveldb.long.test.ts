/** Replicated LevelDB of ActiveMQ 5.15 on three machines behind SSH; first on an ensemble of the topology, then on one that exists. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { groupOf, type Topology } from '../../core/topology/topology.js';
import { SSHD_JRE_IMAGE } from '../../images/sshd-image.js';
import { sshDirectory, type SshDirectory } from '../support/ssh-directory.js';
import { startSshHosts, type SshHosts } from '../support/ssh-hosts.js';
import { System, failedChecks } from '../support/system.js';
import { parsed } from '../support/topologies.js';

const NAME = 't-ssh-leveldb';
const GROUP = 'brokerA';
/** Takeovers are not tried here, so no node is to lose its session because the machine is busy. */
const SESSION_MS = 20_000;
let machines: SshHosts;
let system: System;
let topology: Topology;
let directory: SshDirectory;

before(async () => {
  machines = await startSshHosts({ subnet: '10.98.49.0/24', count: 3, image: SSHD_JRE_IMAGE });
  directory = await sshDirectory(machines);
  const each = <Value>(value: (number: number) => [string, Value]): Record<string, Value> =>
    Object.fromEntries([1, 2, 3].map(value));
  topology = parsed({
    version: 1,
    name: NAME,
    activemq: { version: '5.15.16' },
    hosts: each((number) => [`m${number}`, { kind: 'ssh', address: machines.hosts[number - 1]?.address ?? '' }]),
    ensembles: { zoo: { hosts: ['m1', 'm2', 'm3'] } },
    groups: {
      [GROUP]: {
        store: { kind: 'leveldb', ensemble: 'zoo', sessionTimeoutMs: SESSION_MS, acknowledge: 'leveldb-is-deprecated' },
        nodes: each((number) => [
          `mq${number}`,
          { host: `m${number}`, openwire: 61616, console: 8161, replication: 61619 },
        ]),
      },
    },
  });
  await directory.addTopology('machines', JSON.stringify(topology));
  system = await System.start({ env: directory.env });
});

after(async () => {
  await system?.stop();
  await machines?.close();
  await directory?.remove();
});

const deploy = async () => (await system.everbroker.deploy({ topology: { ...topology } })).result();
const insistOnProof = async () => {
  const { checks, verdict } = await (await system.everbroker.verify({ topology: { ...topology } })).result();
  assert.deepEqual([verdict, failedChecks(checks)], ['passed', []]);
};
const on = async (index: number, script: string): Promise<string> =>
  (await machines.hosts[index]!.inside.exec(['sh', '-c', script], { timeoutMs: 60_000 })).stdout;
const mastersIn = (nodes: readonly { node: string; role: string }[]): string[] =>
  nodes.flatMap(({ node, role }) => (role === 'master' ? [node] : []));

test('is deployed with its ensemble and has one master by the word of all', async () => {
  const result = await deploy();
  const [master = '', ...more] = mastersIn(result.nodes);
  assert.deepEqual([result.outcome, more], ['deployed', []]);
  const elected = result.checks.find(({ name }) => name === `store of ${GROUP}`);
  assert.equal(elected?.detail, `${master} is elected, 3 of 3 nodes of ${GROUP} are registered in ZooKeeper`);
});

test('uses a ZooKeeper that exists by its connect string, and goes over to it as a whole and only when told so', async () => {
  const old = groupOf(topology, GROUP);
  const servers = machines.hosts.map(({ address }) => `${address}:2181`).join(',');
  const movedTo = (more: { movedFrom?: string }): Topology => {
    const store = {
      kind: 'leveldb' as const,
      zookeeper: servers,
      acknowledge: 'leveldb-is-deprecated' as const,
      ...more,
    };
    return parsed({ ...topology, groups: { [GROUP]: { ...old, store } } });
  };
  topology = movedTo({});
  await assert.rejects(deploy(), { type: 'StoreChanged', message: /the store of brokerA is leveldb:zoo,/ });
  const ensemble = ['zoo', ...machines.hosts.map(({ address }) => address).sort()].join(',');
  topology = movedTo({ movedFrom: `leveldb:${ensemble}/everbroker.${NAME}.${GROUP}` });
  const result = await deploy();
  assert.equal(result.outcome, 'deployed');
  assert.equal(mastersIn(result.nodes).length, 1);
  await insistOnProof();
  const again = await deploy();
  assert.deepEqual([again.outcome, again.steps.run], ['unchanged', 0]);
});

test('is destroyed with its data, and nothing of it is left on any machine', async () => {
  const destroyed = await (
    await system.everbroker.destroy({ topology: { ...topology }, deleteData: true, confirm: NAME })
  ).result();
  assert.deepEqual(destroyed.kept, []);
  for (const index of [0, 1, 2])
    assert.equal(
      await on(
        index,
        'ls -d /usr/local/mqcluster /var/lib/everbroker 2>/dev/null; grep -laz "[-]Dactivemq.base" /proc/[0-9]*/cmdline',
      ),
      '',
    );
});
