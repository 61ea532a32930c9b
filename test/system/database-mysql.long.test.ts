/** A group that stores in a MySQL which somebody else keeps: only where an image of that server is given. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { dockerHostOf, type Topology } from '../../core/topology/topology.js';
import { GROUP, databaseCluster, insistOnLease, killFor } from '../support/database-cluster.js';
import { startMysql, type MysqlServer } from '../support/mysql-server.js';
import { System, failedChecks, rolesOf } from '../support/system.js';
import { parsed } from '../support/topologies.js';

const IMAGE = process.env['EVERBROKER_TEST_MYSQL_IMAGE'];
const PASSWORD = 'EVERBROKER_TEST_DATABASE';

const skip = IMAGE === undefined && 'no image of MySQL is given';

describe('a group that stores in MySQL', { skip }, () => {
  let server: MysqlServer;
  let system: System;
  let given: Topology;
  let topology: Topology;
  before(async () => {
    server = await startMysql(IMAGE ?? '');
    system = await System.start({ env: { [PASSWORD]: server.password } });
    given = await databaseCluster(system, 'mariadb');
  });
  after(async () => {
    await system?.stop();
    await server?.stop();
  });

  /** @param parameters Of the URL. */
  function storedBy(parameters: string): Topology {
    const { databases: _databases, ...rest } = given;
    const { dbhost: _dbhost, ...hosts } = given.hosts;
    const group = given.groups[GROUP];
    assert.ok(group);
    // The machine itself, as the containers of this network see it.
    const gateway = dockerHostOf(given, 'host1').network.subnet.replace(/\.\d+\/\d+$/, '.1');
    const url = `jdbc:mysql://${gateway}:${server.port}/${server.database}${parameters}`;
    const store = { kind: 'jdbc' as const, url, user: server.user, password: `env:${PASSWORD}` };
    return parsed({ ...rest, hosts, groups: { [GROUP]: { ...group, store } } });
  }

  const deploy = async () => (await system.everbroker.deploy({ topology: { ...topology } })).result();
  async function insistOnPassed(): Promise<void> {
    const { verdict, checks } = await (await system.everbroker.verify({ topology: { ...topology } })).result();
    assert.equal(verdict, 'passed', JSON.stringify(failedChecks(checks)));
  }

  test('is refused, with what to add to its URL, where its password would go without TLS', async () => {
    topology = storedBy('');
    await assert.rejects(deploy(), {
      type: 'StoreRefused',
      message: /takes no password without TLS: add sslMode=verify-full/,
    });
  });

  test('is deployed and proven, and left alone by a second deployment', async () => {
    topology = storedBy('?sslMode=trust');
    const result = await deploy();
    assert.deepEqual(rolesOf(result.nodes), { mq1: 'master', mq2: 'slave' });
    await insistOnPassed();
    assert.equal((await deploy()).outcome, 'unchanged');
  });

  test('fails over when its master is killed, and has it back as a slave', async () => {
    await killFor(system, topology, { host: 'host1', node: 'mq1', seconds: 20 });
    await system.untilStatus(topology.name, ({ healthy, nodes }) => healthy && rolesOf(nodes)['mq1'] === 'slave');
    await insistOnPassed();
  });

  test('stores nothing for a master that has lost its lease, also before it has found that out', async () => {
    await insistOnLease(system, topology, server.sql);
    await system.untilStatus(topology.name, ({ healthy }) => healthy);
    await insistOnPassed();
  });
});
