/** A group that stores in a PostgreSQL which Everbroker installs, and databases that exist and refuse. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { hostOf, type Topology } from '../../core/topology/topology.js';
import { GROUP, insistOnLease, killFor } from '../support/database-cluster.js';
import { DatabaseSite } from '../support/database-site.js';
import { starts } from '../support/end-state.js';
import { freePort } from '../support/free-port.js';
import { failedChecks, rolesOf } from '../support/system.js';

const WRONG = 'not-the-password';
let site: DatabaseSite;
before(async () => {
  site = await DatabaseSite.start('postgresql', { env: { EVERBROKER_TEST_DATABASE: WRONG } });
});
after(() => site.stop());

/** The same cluster before any node has started, its group in a database that somebody else keeps. */
function existing(url: string): Topology {
  const { topology } = site;
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
  const address = (): string => hostOf(site.topology, 'dbhost').address;

  test('one that is not there is named, with its address', async () => {
    await assert.rejects(site.deploy(existing(`jdbc:postgresql://${address()}:5999/mq`)), {
      type: 'StoreUnreachable',
      message: /the database of brokerA, jdbc:postgresql:\/\/[\d.]+:5999\/mq, cannot be reached \(asked from host\d\)/,
    });
  });

  test('one that refuses the login is named, and neither tried again nor told the password', async () => {
    await assert.rejects(
      site.deploy(existing(`jdbc:postgresql://${address()}/everbroker_${GROUP}`)),
      (error: Error) => {
        assert.match(error.message, /refuses the user or its password/);
        assert.ok(!error.message.includes(WRONG));
        return true;
      },
    );
  });
});

describe('a group that stores in PostgreSQL', () => {
  test('is deployed and proven, and left alone by a second deployment', async () => {
    const result = await site.deploy();
    assert.deepEqual(rolesOf(result.nodes), { mq1: 'master', mq2: 'slave' });
    await site.insistOnPassed();
    assert.equal((await site.deploy()).outcome, 'unchanged');
  });

  test('fails over when its master is killed, and has it back as a slave', async () => {
    await killFor(site.system, site.topology, { host: 'host1', node: 'mq1', seconds: 8 });
    await site.untilSlave('mq1');
    await site.insistOnPassed();
  });

  test('stores nothing for a master that has lost its lease, also before it has found that out', async () => {
    await insistOnLease(site.system, site.topology);
    await site.untilHealthy();
  });

  test('goes on when its database was killed and came back', async () => {
    await site.killDatabase(5432);
    await site.untilHealthy();
    await site.insistOnPassed();
  });

  test('is joined by a group whose database exists and gets another password: refused until both know it', async () => {
    const { system } = site;
    const reference = join(system.home, 'secrets', 'database');
    await mkdir(join(system.home, 'secrets'), { recursive: true });
    await writeFile(reference, 'the-first-password');
    await startAnother();
    await inAnother("CREATE ROLE mq LOGIN PASSWORD 'the-first-password'", 'CREATE DATABASE mq OWNER mq');
    const both = await withAnother();
    assert.equal((await site.deploy(both)).outcome, 'deployed');

    await writeFile(reference, 'the-second-password');
    const before = await starts(system, both);
    await assert.rejects(site.deploy(both), {
      type: 'StoreRefused',
      message: /the database of brokerB, .*, refuses the user or its password/,
    });
    const { mq3, mq4 } = await starts(system, both);
    assert.deepEqual([mq3, mq4], [before['mq3'], before['mq4']]);
    await system.untilStatus(both.name, ({ nodes }) => rolesOf(nodes)['mq3'] === 'master');

    await inAnother("ALTER ROLE mq PASSWORD 'the-second-password'");
    const result = await site.deploy(both);
    assert.deepEqual([result.outcome, failedChecks(result.checks)], ['deployed', []]);
    assert.equal((await site.deploy(both)).outcome, 'unchanged');
  });

  test('is destroyed, and nothing is left', async () => {
    const { system, topology } = site;
    const { name } = topology;
    await (await system.everbroker.destroy({ cluster: name, deleteData: true, confirm: name })).result();
    assert.deepEqual(await system.engine.listContainers(name), []);
    assert.deepEqual(await system.engine.listVolumes(name), []);
  });
});

const ANOTHER_PORT = 5999;

/** A server beside Everbroker's own, of which it knows nothing. */
const asDatabaseUser = (script: string): Promise<string> =>
  site.system.sh(
    site.topology,
    'dbhost',
    `cd /tmp && bin=${site.topology.root}/.databases/db/bin && export bin &&
exec setpriv --reuid=7617 --regid=7617 --clear-groups sh -ec '${script}'`,
  );

const startAnother = (): Promise<string> =>
  asDatabaseUser(`$bin/initdb -D another -U admin --auth-local=trust --auth-host=scram-sha-256 >another.log
echo "host all all all scram-sha-256" >>another/pg_hba.conf
$bin/pg_ctl -D another -o "-p ${ANOTHER_PORT} -h 0.0.0.0 -k /tmp" -w -l another.log start >/dev/null`);

const inAnother = async (...statements: string[]): Promise<void> => {
  for (const statement of statements)
    await asDatabaseUser(`$bin/psql -qh /tmp -p ${ANOTHER_PORT} -U admin postgres <<END
${statement.replaceAll("'", "'\\''")}
END`);
};

async function withAnother(): Promise<Topology> {
  const store = {
    kind: 'jdbc' as const,
    url: `jdbc:postgresql://${hostOf(site.topology, 'dbhost').address}:${ANOTHER_PORT}/mq`,
    user: 'mq',
    password: 'file:database',
    leaseMs: 2000,
    lockKeepAliveMs: 500,
  };
  const node = async (host: string) => ({ host, openwire: await freePort(), console: await freePort() });
  const nodes = { mq3: await node('host1'), mq4: await node('host2') };
  return { ...site.topology, groups: { ...site.topology.groups, brokerB: { store, nodes } } };
}
