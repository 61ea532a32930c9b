/** A group that stores in a MariaDB which Everbroker installs: from nothing to nothing, through deaths and faults. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { VerifyOutput } from '../../core/contract.js';
import type { Fault } from '../../core/health/fault.js';
import { AGENT_FILE } from '../../core/layout.js';
import { databaseVolume } from '../../core/naming.js';
import { hostOf, type Topology } from '../../core/topology/topology.js';
import { GROUP, databaseCluster, insistOnLease, killFor, sql } from '../support/database-cluster.js';
import { allHistories, leaksIn } from '../support/leaks.js';
import { System, failedChecks, rolesOf, until } from '../support/system.js';

let system: System;
let topology: Topology;
before(async () => {
  system = await System.start();
  topology = await databaseCluster(system, 'mariadb');
});
after(() => system.stop());

const deploy = async () => (await system.everbroker.deploy({ topology: { ...topology } })).result();
const verify = async () => (await system.everbroker.verify({ topology: { ...topology } })).result();
const status = async () => (await system.everbroker.status({ topology: { ...topology } })).result();
const insistOnPassed = (result: VerifyOutput) =>
  assert.equal(result.verdict, 'passed', JSON.stringify(failedChecks(result.checks)));
const tells = (result: VerifyOutput, fault: Fault, detail: RegExp) =>
  assert.ok(
    result.checks.some((check) => check.fault === fault && detail.test(check.detail)),
    JSON.stringify(failedChecks(result.checks)),
  );
const healthy = (): Promise<void> => system.untilStatus(topology.name, ({ healthy: well }) => well);

async function masterOf(): Promise<{ node: string; host: string }> {
  const master = (await status()).nodes.find(({ role }) => role === 'master');
  assert.ok(master, 'nobody is master');
  return master;
}

describe('a group that stores in a database of the topology', () => {
  test('is deployed from nothing, with the database first, and proven by messages and by the lease', async () => {
    const result = await deploy();
    assert.equal(result.outcome, 'deployed');
    Object.assign(secrets, passwordsOf(await system.credentials(topology.name)));
    assert.ok(secrets[GROUP]);
    assert.deepEqual(rolesOf(result.nodes), { mq1: 'master', mq2: 'slave' });
    const checked = await verify();
    insistOnPassed(checked);
    const details = checked.checks.map(({ name, detail }) => `${name}: ${detail}`);
    assert.ok(details.includes(`store of ${GROUP}: mq1 holds the lease`), details.join('\n'));
    assert.ok(details.some((text) => text.startsWith('database db on dbhost: MariaDB: process')));
  });

  test('is left alone by a second deployment', async () => {
    const result = await deploy();
    assert.equal(result.outcome, 'unchanged');
    assert.equal(result.steps.run, 0);
  });

  test('takes messages of more than 64 KB, which the table of its own choice would refuse', async () => {
    assert.match(await sql(system, topology, "SHOW COLUMNS FROM ACTIVEMQ_MSGS LIKE 'MSG'"), /longblob/);
  });

  test('lets in only the nodes, by address, each group to its own tables', async () => {
    const found = await sql(
      system,
      topology,
      "SELECT User, Host FROM mysql.global_priv WHERE User LIKE 'everbroker!_%' ESCAPE '!'",
    );
    const addresses = ['host1', 'host2'].map((host) => `everbroker_${GROUP}\t${hostOf(topology, host).address}`);
    assert.deepEqual(found.trim().split('\n').toSorted(), addresses.toSorted());
    // 127.0.0.11 is Docker's own resolver.
    const listening = await system.sh(
      topology,
      'dbhost',
      'awk \'$4 == "0A" && $2 !~ /^0B00007F:/ { print $2 }\' /proc/net/tcp /proc/net/tcp6',
    );
    const [a = 0, b = 0, c = 0, d = 0] = hostOf(topology, 'dbhost').address.split('.').map(Number);
    const hex = [d, c, b, a].map((part) => part.toString(16).padStart(2, '0').toUpperCase()).join('');
    assert.deepEqual(listening.trim().split('\n'), [`${hex}:0CEA`]);
  });

  test('fails over when its master is killed, and has it back as a slave', async () => {
    const { node, host } = await masterOf();
    await killFor(system, topology, { host, node, seconds: 8 });
    await system.untilStatus(
      topology.name,
      ({ healthy: well, nodes }) => well && nodes.some(({ node: name, role }) => role === 'slave' && name === node),
    );
    insistOnPassed(await verify());
  });

  test('fails over when its master is frozen, and the thawed one gives way', async () => {
    const { node, host } = await masterOf();
    const { pid } = await jvmOf(node, host);
    await system.sh(topology, host, `kill -STOP ${pid}`);
    await system.untilStatus(topology.name, ({ nodes }) =>
      nodes.some(({ node: name, role }) => role === 'master' && name !== node),
    );
    tells(await verify(), 'NodeFrozen', new RegExp(`process ${pid} of ${node} is stopped`));
    await system.sh(topology, host, `kill -CONT ${pid}`);
    await healthy();
    assert.equal((await jvmOf(node, host)).pid, pid);
  });

  test('stores nothing for a master that has lost its lease, also before it has found that out', async () => {
    await insistOnLease(system, topology);
    await healthy();
  });

  test('is told that the lease is held by somebody who does not serve', async () => {
    const until = `ROUND(UNIX_TIMESTAMP(NOW(3)) * 1000) + 600000`;
    await sql(system, topology, `UPDATE ACTIVEMQ_LOCK SET BROKER_NAME = 'a stranger', TIME = ${until} WHERE ID = 1`);
    await system.untilStatus(topology.name, ({ nodes }) => nodes.every(({ role }) => role !== 'master'));
    const result = await verify();
    tells(
      result,
      'LeaseElsewhere',
      /held by "a stranger", which is none of its nodes for another \d+ s, but nobody serves/,
    );
    tells(result, 'NoMaster', /nobody serves/);
    await sql(system, topology, 'UPDATE ACTIVEMQ_LOCK SET TIME = 1 WHERE ID = 1');
    await healthy();
  });

  test('is told that its database is stopped, and goes on when that is back', async () => {
    await system.sh(topology, 'dbhost', `sh ${AGENT_FILE} down db`);
    const result = await verify();
    tells(result, 'DatabaseDown', /db does not run \(it is meant to be down\)/);
    tells(
      result,
      'StoreUnreachable',
      new RegExp(`the database of ${GROUP} cannot be reached, so nothing can be stored`),
    );
    await system.sh(topology, 'dbhost', `sh ${AGENT_FILE} up db`);
    await healthy();
    insistOnPassed(await verify());
  });

  test('has its database back after a kill, and after its container was made anew, with all that it held', async () => {
    await sql(system, topology, 'CREATE TABLE kept (id INTEGER)');
    await system.sh(topology, 'dbhost', `sh ${AGENT_FILE} kill db`);
    await until('the database is back', async () =>
      (await system.sh(topology, 'dbhost', `sh ${AGENT_FILE} service db`)).includes('listening=3306'),
    );
    const container = await system.engine.container(`${topology.name}-dbhost`);
    await system.engine.removeContainer(container?.id ?? '', { force: true });
    tells(await verify(), 'DatabaseDown', /the host is down/);
    assert.equal((await deploy()).outcome, 'deployed');
    await healthy();
    assert.match(await sql(system, topology, 'SHOW TABLES'), /kept/);
    insistOnPassed(await verify());
  });

  test('is destroyed without its data, and with it when that is asked for', async () => {
    const { name } = topology;
    const kept = await (await system.everbroker.destroy({ cluster: name })).result();
    assert.ok(kept.kept.includes(databaseVolume(name, 'db')), JSON.stringify(kept.kept));
    await (await system.everbroker.destroy({ topology: { ...topology }, deleteData: true, confirm: name })).result();
    assert.deepEqual(await system.engine.listContainers(name), []);
    assert.deepEqual(await system.engine.listNetworks(name), []);
    assert.deepEqual(await system.engine.listVolumes(name), []);
  });

  test('has told no history and no log the password of its database', async () => {
    for (const [id, text] of await allHistories(system.client)) assert.deepEqual(leaksIn(text, secrets), [], id);
    assert.deepEqual(leaksIn(await system.workerLog(), secrets), []);
  });
});

/** Read once there is a cluster; a test of leaks without a secret would find none. */
const secrets: Record<string, string> = {};

function passwordsOf(credentials: object): Record<string, string> {
  const { stores, ...own } = credentials as { stores: Record<string, unknown> };
  const password = (login: unknown): unknown => (login as { password?: unknown }).password;
  return Object.fromEntries(
    Object.entries({ ...own, ...stores }).flatMap(([name, login]) => {
      const value = password(login);
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}

async function jvmOf(node: string, host: string): Promise<{ pid: number }> {
  const looked = await system.sh(topology, host, `sh ${AGENT_FILE} observe ${topology.root} ${topology.runAs.uid}`);
  const pid = Number(new RegExp(`^node name=${node} .*pid=(\\d+)`, 'm').exec(looked)?.[1]);
  assert.ok(pid > 0, looked);
  return { pid };
}
