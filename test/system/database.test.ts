/** A group that stores in a MariaDB which Everbroker installs: from nothing to nothing, and what is told of its faults. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AGENT_FILE } from '../../core/layout.js';
import { databaseVolume } from '../../core/naming.js';
import { hostOf } from '../../core/topology/topology.js';
import { GROUP, insistOnLease } from '../support/database-cluster.js';
import { DatabaseSite } from '../support/database-site.js';
import { allHistories, leaksIn } from '../support/leaks.js';
import { rolesOf } from '../support/system.js';

let site: DatabaseSite;
before(async () => {
  site = await DatabaseSite.start('mariadb');
});
after(() => site.stop());

describe('a group that stores in a database of the topology', () => {
  test('is deployed from nothing, with the database first, and proven by messages and by the lease', async () => {
    const result = await site.deploy();
    assert.equal(result.outcome, 'deployed');
    Object.assign(secrets, passwordsOf(await site.system.credentials(site.topology.name)));
    assert.ok(secrets[GROUP]);
    assert.deepEqual(rolesOf(result.nodes), { mq1: 'master', mq2: 'slave' });
    const { checks } = await site.insistOnPassed();
    const details = checks.map(({ name, detail }) => `${name}: ${detail}`);
    assert.ok(details.includes(`store of ${GROUP}: mq1 holds the lease`), details.join('\n'));
    assert.ok(details.some((text) => text.startsWith('database db on dbhost: MariaDB: process')));
  });

  test('is left alone by a second deployment', async () => {
    const result = await site.deploy();
    assert.equal(result.outcome, 'unchanged');
    assert.equal(result.steps.run, 0);
  });

  test('takes messages of more than 64 KB, which the table of its own choice would refuse', async () => {
    assert.match(await site.sql("SHOW COLUMNS FROM ACTIVEMQ_MSGS LIKE 'MSG'"), /longblob/);
  });

  test('lets in only the nodes, by address, each group to its own tables', async () => {
    const users = "SELECT User, Host FROM mysql.global_priv WHERE User LIKE 'everbroker!_%' ESCAPE '!'";
    const found = await site.sql(users);
    const addresses = ['host1', 'host2'].map((host) => `everbroker_${GROUP}\t${hostOf(site.topology, host).address}`);
    assert.deepEqual(found.trim().split('\n').toSorted(), addresses.toSorted());
    // 127.0.0.11 is Docker's own resolver.
    const listening = await site.system.sh(
      site.topology,
      'dbhost',
      'awk \'$4 == "0A" && $2 !~ /^0B00007F:/ { print $2 }\' /proc/net/tcp /proc/net/tcp6',
    );
    const [a = 0, b = 0, c = 0, d = 0] = hostOf(site.topology, 'dbhost').address.split('.').map(Number);
    const hex = [d, c, b, a].map((part) => part.toString(16).padStart(2, '0').toUpperCase()).join('');
    assert.deepEqual(listening.trim().split('\n'), [`${hex}:0CEA`]);
  });

  test('stores nothing for a master that has lost its lease, also before it has found that out', async () => {
    await insistOnLease(site.system, site.topology);
    await site.untilHealthy();
  });

  test('is told that the lease is held by somebody who does not serve', async () => {
    const until = `ROUND(UNIX_TIMESTAMP(NOW(3)) * 1000) + 600000`;
    await site.sql(`UPDATE ACTIVEMQ_LOCK SET BROKER_NAME = 'a stranger', TIME = ${until} WHERE ID = 1`);
    await site.system.untilStatus(site.topology.name, ({ nodes }) => nodes.every(({ role }) => role !== 'master'));
    await site.insistOnTold(
      ['LeaseElsewhere', /held by "a stranger", which is none of its nodes for another \d+ s, but nobody serves/],
      ['NoMaster', /nobody serves/],
    );
    await site.sql('UPDATE ACTIVEMQ_LOCK SET TIME = 1 WHERE ID = 1');
    await site.untilHealthy();
  });

  test('is told that its database is stopped, and goes on when that is back', async () => {
    await site.system.sh(site.topology, 'dbhost', `sh ${AGENT_FILE} down db`);
    await site.insistOnTold(
      ['DatabaseDown', /db does not run \(it is meant to be down\)/],
      ['StoreUnreachable', new RegExp(`the database of ${GROUP} cannot be reached, so nothing can be stored`)],
    );
    await site.system.sh(site.topology, 'dbhost', `sh ${AGENT_FILE} up db`);
    await site.untilHealthy();
    await site.insistOnPassed();
  });

  test('is destroyed without its data, and with it when that is asked for', async () => {
    const { system, topology } = site;
    const { name } = topology;
    const kept = await (await system.everbroker.destroy({ cluster: name })).result();
    assert.ok(kept.kept.includes(databaseVolume(name, 'db')), JSON.stringify(kept.kept));
    await (await system.everbroker.destroy({ topology: { ...topology }, deleteData: true, confirm: name })).result();
    assert.deepEqual(await system.engine.listContainers(name), []);
    assert.deepEqual(await system.engine.listNetworks(name), []);
    assert.deepEqual(await system.engine.listVolumes(name), []);
  });

  test('has told no history and no log the password of its database', async () => {
    for (const [id, text] of await allHistories(site.system.client)) assert.deepEqual(leaksIn(text, secrets), [], id);
    assert.deepEqual(leaksIn(await site.system.workerLog(), secrets), []);
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
