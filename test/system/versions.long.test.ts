/** Every version that Everbroker says it deploys: proven, failed over, and started from its class-data archive. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AGENT_FILE, classDataFile, classDataKeyFile } from '../../core/layout.js';
import { TESTED_VERSIONS } from '../../core/topology/rules/versions.js';
import type { Topology } from '../../core/topology/topology.js';
import { System, failedChecks, rolesOf } from '../support/system.js';

let system: System;
before(async () => {
  system = await System.start();
});
after(() => system.stop());

for (const version of TESTED_VERSIONS) {
  describe(`ActiveMQ ${version}`, () => {
    let topology: Topology;

    test('is deployed and proven', async () => {
      topology = await system.topology({}, { activemq: { version } });
      const result = await (await system.everbroker.deploy({ topology: { ...topology } })).result();
      assert.deepEqual(rolesOf(result.nodes), { mq1: 'master', mq2: 'slave' });
      assert.deepEqual(failedChecks(result.checks), []);
      const running = await system.sh(topology, 'host1', ofNode('mq1', 'cmdline'));
      assert.match(running, literally(`apache-activemq-${version}\0`));
    });

    test('fails over and starts the killed node from the class-data archive', async () => {
      const archive = classDataFile(topology);
      await system.sh(topology, 'host1', `test -s ${archive} && test -s ${classDataKeyFile(topology)}`);
      await system.sh(topology, 'host1', `sh ${AGENT_FILE} kill mq1`);
      await system.untilStatus(topology.name, ({ nodes }) => {
        const { mq1, mq2 } = rolesOf(nodes);
        return mq2 === 'master' && mq1 === 'slave';
      });
      assert.match(await system.sh(topology, 'host1', ofNode('mq1', 'maps')), literally(archive));
      const result = await (await system.everbroker.verify({ cluster: topology.name })).result();
      assert.deepEqual(failedChecks(result.checks), []);
      assert.equal(result.verdict, 'passed');
      await (await system.everbroker.destroy({ cluster: topology.name })).result();
    });
  });
}

/**
 * A file of /proc of a node's JVM. In `maps` stands every file that it has mapped: a class-data archive that is used is
 * there, one that is refused is not. As the broker's user: root in a container may not look.
 */
const ofNode = (node: string, file: 'maps' | 'cmdline'): string =>
  `for dir in /proc/[0-9]*; do tr '\\000' '\\n' <"$dir/cmdline" 2>/dev/null | grep -q -- "^-Dactivemq.base=.*/${node}$" &&
  setpriv --reuid=7616 --regid=7616 --clear-groups cat "$dir/${file}"; done; true`;

const literally = (text: string): RegExp => new RegExp(text.replaceAll('.', '\\.'));
