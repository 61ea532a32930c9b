/** A group on two machines behind SSH, in a database that Everbroker installs on one of them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AGENT_FILE } from '../../core/layout.js';
import { groupOf, hostOf, type Topology } from '../../core/topology/topology.js';
import { SSHD_JRE_IMAGE } from '../../images/sshd-image.js';
import { killCommand } from '../support/database-cluster.js';
import { sshDirectory, type SshDirectory } from '../support/ssh-directory.js';
import { startSshHosts, type SshHosts } from '../support/ssh-hosts.js';
import { System, failedChecks, rolesOf } from '../support/system.js';
import { parsed } from '../support/topologies.js';

const NAME = 't-ssh-database';
/** Of a database that nobody but this test made. */
const PASSWORD = 'of-a-database-that-exists';
const BASE = '/usr/local/mqcluster/.databases/db';
let machines: SshHosts;
let system: System;
let topology: Topology;
let directory: SshDirectory;

before(async () => {
  machines = await startSshHosts({ subnet: '10.98.43.0/24', count: 2, image: SSHD_JRE_IMAGE });
  directory = await sshDirectory(machines);
  const [a = '', b = ''] = machines.hosts.map(({ address }) => address);
  topology = parsed({
    version: 1,
    name: NAME,
    activemq: { version: '5.18.3' },
    hosts: { m1: { kind: 'ssh', address: a }, m2: { kind: 'ssh', address: b } },
    databases: { db: { engine: 'mariadb', host: 'm1' } },
    groups: {
      brokerA: {
        store: { kind: 'jdbc', database: 'db' },
        nodes: {
          mq1: { host: 'm1', openwire: 61616, console: 8161 },
          mq2: { host: 'm2', openwire: 61616, console: 8161 },
        },
      },
    },
  });
  await directory.addTopology('machines', JSON.stringify(topology));
  system = await System.start({ env: { ...directory.env, EVERBROKER_MQ: PASSWORD } });
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
const on = async (index: 0 | 1, script: string): Promise<string> =>
  (await machines.hosts[index]!.inside.exec(['sh', '-c', script], { timeoutMs: 60_000 })).stdout;

test('machines where others have the port or the users’ numbers are refused at once, before anything is changed', async () => {
  const listen = 'my $s = IO::Socket::INET->new(Listen => 1, LocalPort => 3306) or die; sleep 300';
  await on(0, `setsid perl -MIO::Socket::INET -e '${listen}' </dev/null >/dev/null 2>&1 & echo $! >/tmp/pid; sleep 1`);
  await on(0, 'useradd -u 7617 somebody');
  await on(1, 'useradd -u 7616 another');
  await assert.rejects(deploy(), {
    type: 'HostUnfit',
    message:
      /^3 problems [^]*m1: port 3306 of db is taken by \d+ \(perl[^]*m1: uid 7617 is user somebody's, and db needs it[^]*m2: uid 7616 is user another's/,
  });
  for (const index of [0, 1] as const) assert.equal(await on(index, 'ls /var/lib/everbroker/agent.sh 2>/dev/null'), '');
  await on(0, 'kill "$(cat /tmp/pid)"; userdel somebody');
  await on(1, 'userdel another');
});

test('is deployed and proven, and left alone by a second deployment', async () => {
  const result = await deploy();
  assert.deepEqual([result.outcome, rolesOf(result.nodes)], ['deployed', { mq1: 'master', mq2: 'slave' }]);
  await insistOnProof();
  const again = await deploy();
  assert.deepEqual([again.outcome, again.steps.run], ['unchanged', 0]);
});

test('has its master on the other machine when that of this one is killed, and its database back after a kill', async () => {
  await on(0, killCommand('mq1', 8));
  await system.untilStatus(NAME, ({ healthy, nodes }) => healthy && rolesOf(nodes)['mq2'] === 'master');
  await on(0, `sh ${AGENT_FILE} kill db`);
  await system.untilStatus(NAME, ({ healthy }) => healthy);
  await insistOnProof();
});

test('moves to a database that exists, by a URL of MySQL, only when told so, and no node starts before all are stopped', async () => {
  const statements = `CREATE DATABASE mq; CREATE USER 'mq'@'%' IDENTIFIED BY '${PASSWORD}'; GRANT ALL ON mq.* TO 'mq'@'%'`;
  const client = `setpriv --reuid=7617 --regid=7617 --clear-groups mariadb --no-defaults --socket=${BASE}/data/socket`;
  await on(0, `cd / && echo "${statements}" | ${client}`);
  const { address } = hostOf(topology, 'm1');
  const old = topology;
  const movedTo = (more: object): Topology => {
    const url = `jdbc:mysql://${address}:3306/mq`;
    const store = { kind: 'jdbc' as const, url, user: 'mq', password: 'env:EVERBROKER_MQ', ...more };
    return parsed({ ...old, groups: { brokerA: { ...groupOf(old, 'brokerA'), store } } });
  };

  topology = movedTo({});
  const movedFrom = `mariadb:${address}:db/everbroker_brokerA`;
  const refusal = new RegExp(
    `the store of brokerA is ${movedFrom} \\(mq1, mq2\\) and would become jdbc:mariadb://${address}`,
  );
  await assert.rejects(deploy(), { type: 'StoreChanged', message: refusal });

  topology = movedTo({ movedFrom });
  const result = await deploy();
  assert.equal(result.outcome, 'deployed');
  const order = result.timeline.map(({ id }) => id).filter((id) => /^(checkStore|stopNode|startNode)/.test(id));
  assert.deepEqual(
    order.map((id) => id.split('/')[0]),
    ['checkStore', 'checkStore', 'stopNode', 'stopNode', 'startNode', 'startNode'],
  );
  assert.match(await on(0, `echo 'SHOW TABLES' | ${client} mq`), /ACTIVEMQ_LOCK/);
  await insistOnProof();
});

test('keeps its data when it is destroyed, and takes it up again', async () => {
  const { kept } = await (await system.everbroker.destroy({ topology: { ...topology } })).result();
  assert.ok(kept.includes(`m1:${BASE}`), kept.join(' '));
  assert.equal(await on(0, 'grep -laz "[m]ariadbd" /proc/[0-9]*/cmdline'), '');
  assert.match(await on(0, `ls ${BASE}/data/db`), /everbroker_brokerA/);
  assert.equal((await deploy()).outcome, 'deployed');
});

test('is destroyed with its data, and neither that nor its user is left', async () => {
  const destroyed = await (
    await system.everbroker.destroy({ topology: { ...topology }, deleteData: true, confirm: NAME })
  ).result();
  assert.deepEqual(destroyed.kept, []);
  for (const index of [0, 1] as const) {
    assert.equal(await on(index, 'ls -d /usr/local/mqcluster /var/lib/everbroker 2>/dev/null'), '');
    assert.equal(await on(index, 'getent passwd everbroker-db activemq; getent group everbroker-db'), '');
  }
});
