/** A group that stores in a MariaDB which Everbroker installs comes back: from the death and the freeze of its master, and of its database. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { killFor } from '../support/database-cluster.js';
import { DatabaseSite } from '../support/database-site.js';

let site: DatabaseSite;
before(async () => {
  site = await DatabaseSite.start('mariadb');
  await site.deploy();
});
after(() => site.stop());

describe('a group whose database is one of the topology', () => {
  test('fails over when its master is killed, and has it back as a slave', async () => {
    const { node, host } = await site.master();
    await killFor(site.system, site.topology, { host, node, seconds: 8 });
    await site.untilSlave(node);
    await site.insistOnPassed();
  });

  test('fails over when its master is frozen, and the thawed one gives way', async () => {
    const { system, topology } = site;
    const { node, host } = await site.master();
    const pid = await site.pidOf({ node, host });
    await system.sh(topology, host, `kill -STOP ${pid}`);
    await system.untilStatus(topology.name, ({ nodes }) =>
      nodes.some(({ node: name, role }) => role === 'master' && name !== node),
    );
    await site.insistOnTold(['NodeFrozen', new RegExp(`process ${pid} of ${node} is stopped`)]);
    await system.sh(topology, host, `kill -CONT ${pid}`);
    await site.untilSlave(node);
    assert.equal(await site.pidOf({ node, host }), pid);
  });

  test('has its database back after a kill, and after its container was made anew, with all that it held', async () => {
    const { system, topology } = site;
    await site.sql('CREATE TABLE kept (id INTEGER)');
    await site.killDatabase(3306);
    const container = await system.engine.container(`${topology.name}-dbhost`);
    await system.engine.removeContainer(container?.id ?? '', { force: true });
    await site.insistOnTold(['DatabaseDown', /the host is down/]);
    assert.equal((await site.deploy()).outcome, 'deployed');
    await site.untilHealthy();
    assert.match(await site.sql('SHOW TABLES'), /kept/);
    await site.insistOnPassed();
  });
});
