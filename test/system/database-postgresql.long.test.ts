/** A group that stores in a PostgreSQL which Everbroker installs, and databases that exist and refuse. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AGENT_FILE } from '../../core/layout.js';
import { hostOf, type Topology } from '../../core/topology/topology.js';
import { GROUP, databaseCluster, killFor, sql } from '../support/database-cluster.js';
import { System, failedChecks, rolesOf, until } from '../support/system.js';

const WRONG = 'not-the-password';
let system: System;
let topology: Topology;
before(async () => {
  system = await System.start({ env: { EVERBROKER_TEST_DATABASE: WRONG } });
  topology = await databaseCluster(system, 'postgresql');
});
after(() => system.stop());

const deploy = async (wanted: Topology) => (await system.everbroker.deploy({ topology: { ...wanted } })).result();
const verify = async () => (await system.everbroker.verify({ topology: { ...topology } })).result();
async function insistOnPassed(): Promise<void> {
  const { verdict, checks } = await verify();
  assert.equal(verdict, 'passed', JSON.stringify(failedChecks(checks)));
}

/** The same cluster before any node has started, its group in a database that somebody else keeps. */
function existing(url: string): Topology {
  const group = topology.groups[GROUP];
  assert.ok(group);
  const store = {
    kind: 'jdbc' as const,
    url,
    user: `everbroker_${GROUP.toLowerCase()}`,
    password: 'env:EVERBROKER_TEST_DATABASE',
    leaseMs: 2000,
    lockKeepAliveMs: 500,
  };
  return { ...topology, groups: { [GROUP]: { ...group, store } } };
}

describe('a database that exists is looked at before a broker waits for it:', () => {
  const address = (): string => hostOf(topology, 'dbhost').address;

  test('one that is not there is named, with its address', async () => {
    await assert.rejects(deploy(existing(`jdbc:postgresql://${address()}:5999/mq`)), {
      type: 'StoreUnreachable',
      message: /the database of brokerA, jdbc:postgresql:\/\/[\d.]+:5999\/mq, cannot be reached \(asked from host\d\)/,
    });
  });

  test('one that refuses the login is named, and neither tried again nor told the password', async () => {
    await assert.rejects(deploy(existing(`jdbc:postgresql://${address()}/everbroker_${GROUP}`)), (error: Error) => {
      assert.match(error.message, /refuses the user or its password/);
      assert.ok(!error.message.includes(WRONG));
      return true;
    });
  });
});

describe('a group that stores in PostgreSQL', () => {
  test('is deployed and proven, and left alone by a second deployment', async () => {
    const result = await deploy(topology);
    assert.deepEqual(rolesOf(result.nodes), { mq1: 'master', mq2: 'slave' });
    await insistOnPassed();
    assert.equal((await deploy(topology)).outcome, 'unchanged');
  });

  test('fails over when its master is killed, and has it back as a slave', async () => {
    await killFor(system, topology, { host: 'host1', node: 'mq1', seconds: 8 });
    await system.untilStatus(
      topology.name,
      ({ healthy, nodes }) => healthy && nodes.some(({ node, role }) => node === 'mq1' && role === 'slave'),
    );
    await insistOnPassed();
  });

  test('goes on when its database was killed and came back', async () => {
    await sql(system, topology, 'CREATE TABLE kept (id INTEGER)');
    await system.sh(topology, 'dbhost', `sh ${AGENT_FILE} kill db`);
    await until('the database is back', async () =>
      (await system.sh(topology, 'dbhost', `sh ${AGENT_FILE} service db`)).includes('listening=5432'),
    );
    await system.untilStatus(topology.name, ({ healthy }) => healthy);
    await insistOnPassed();
  });

  test('is destroyed, and nothing is left', async () => {
    const { name } = topology;
    await (await system.everbroker.destroy({ cluster: name, deleteData: true, confirm: name })).result();
    assert.deepEqual(await system.engine.listContainers(name), []);
    assert.deepEqual(await system.engine.listVolumes(name), []);
  });
});
