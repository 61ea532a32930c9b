/** Topologies that come with Everbroker, from the image without Java to nothing left behind. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AGENT_FILE } from '../../core/layout.js';
import { clusterText } from '../support/cluster-text.js';
import { killFor } from '../support/database-cluster.js';
import { withJava } from '../support/network.js';
import { shippedCopy } from '../support/shipped.js';
import { System, failedChecks, rolesOf, until } from '../support/system.js';
import { containerName } from '../../core/naming.js';
import { nodeNamed, nodesOnHost, type Topology } from '../../core/topology/topology.js';

let system: System;
before(async () => {
  system = await System.start();
});
after(() => system.stop());

const NEW = { mq1: 'master', mq2: 'slave', mq3: 'slave', mq4: 'master', mq5: 'slave', mq6: 'slave' };

for (const { name, version } of [
  { name: 'ha-6', version: '5.18.3' },
  { name: 'ha-6-recipe', version: '5.15.12' },
]) {
  describe(`the topology ${name}`, () => {
    let topology: Topology;

    test('is deployed on hosts without Java and proven over its bridge', async () => {
      topology = await shippedCopy(name);
      system.owns(topology.name);
      const operation = await system.everbroker.deploy({ topology: { ...topology } });
      const result = await operation.result();
      assert.equal(result.outcome, 'deployed');
      assert.deepEqual(rolesOf(result.nodes), NEW);
      assert.deepEqual(failedChecks(result.checks), []);
      assert.equal(
        result.checks.filter((check) => check.name.startsWith('bridge') && check.name.includes('→')).length,
        2,
      );
      const { steps } = await operation.progress();
      const java = steps.filter((step) => step.id.startsWith('installJava/'));
      assert.deepEqual(
        java.map((step) => step.status),
        ['done', 'done'],
      );
    });

    test('runs its version under the paths of the recipe, not as root', async () => {
      const processes = await system.sh(topology, 'mqbrokerAA', PROCESSES);
      assert.deepEqual(
        processes.trim().split('\n').sort(),
        ['mq1', 'mq2', 'mq3'].map(
          (node) => `7616 /usr/local/mqcluster/${node} /usr/local/mqcluster/.activemq/apache-activemq-${version}`,
        ),
      );
      assert.notEqual(await system.sh(topology, 'mqbrokerAA', 'ls /usr/local/mqcluster/mq1/data/kahadb'), '');
      assert.notEqual(await system.sh(topology, 'mqbrokerBB', 'ls /usr/local/mqcluster/mq4/data/kahadb'), '');
    });

    test('fails over when the master of each group is killed, and passes verification again', async () => {
      await system.sh(topology, 'mqbrokerAA', `sh ${AGENT_FILE} kill mq1`);
      await system.sh(topology, 'mqbrokerBB', `sh ${AGENT_FILE} kill mq4`);
      await system.untilStatus(topology.name, (status) => {
        const { mq1, mq4 } = rolesOf(status.nodes);
        return status.healthy && mq1 === 'slave' && mq4 === 'slave';
      });
      // ActiveMQ's own back-off, which the recipe has, takes its time until the bridge is back.
      await until(
        'verification passes',
        async () => (await (await system.everbroker.verify({ cluster: topology.name })).result()).verdict === 'passed',
        180_000,
      );
    });

    test('is left alone by a second deployment', async () => {
      const before = await clusterText(system, topology);
      const result = await (await system.everbroker.deploy({ topology: { ...topology } })).result();
      assert.equal(result.outcome, 'unchanged');
      assert.equal(result.steps.run, 0);
      assert.equal(await clusterText(system, topology), before);
    });

    test('is destroyed: first all but its data, then that too', async () => {
      const kept = await (await system.everbroker.destroy({ cluster: topology.name })).result();
      assert.equal(kept.outcome, 'destroyed');
      assert.deepEqual(await system.engine.listContainers(topology.name), []);
      assert.deepEqual(await system.engine.listNetworks(topology.name), []);
      assert.equal((await system.engine.listVolumes(topology.name)).length, 4);
      const rest = await (
        await system.everbroker.destroy({ topology: { ...topology }, deleteData: true, confirm: topology.name })
      ).result();
      assert.deepEqual(rest.kept, []);
      assert.deepEqual(await system.engine.listVolumes(topology.name), []);
    });
  });
}

/** uid, base and home of every broker of a host. */
const PROCESSES = `for dir in /proc/[0-9]*; do
  line=$(tr '\\000' '\\n' <"$dir/cmdline" 2>/dev/null | sed -n 's/^-Dactivemq.base=//p;s/^-Dactivemq.home=//p' | tr '\\n' ' ')
  [ -n "$line" ] && echo "$(stat -c %u "$dir") \${line% }"
done; true`;

interface Shipped {
  name: string;
  /** Of each group, the first. */
  masters: string[];
  /** Groups whose lock is proved between hosts. */
  proved?: string[];
  lost?: string;
}

// The rest have files of their own: ha-6-ssh in ssh-cluster.long, network-multicast and tls in files of these names.
const REST: Shipped[] = [
  { name: 'ha-3', masters: ['mq1'] },
  { name: 'ha-2-hosts', masters: ['mq1', 'mq3'], proved: ['brokerA', 'brokerB'], lost: 'mqhost1' },
  { name: 'network-mesh', masters: ['mq1', 'mq3', 'mq5'] },
  { name: 'jdbc-mariadb', masters: ['mq1', 'mq3'] },
  { name: 'jdbc-postgresql', masters: ['mq1'] },
];

for (const { name, masters, proved = [], lost } of REST) {
  describe(`the topology ${name}`, () => {
    let topology: Topology;
    const deploy = async () => (await system.everbroker.deploy({ topology: { ...topology } })).result();
    const insistOnProof = async () => {
      const { verdict, checks } = await (await system.everbroker.verify({ cluster: topology.name })).result();
      assert.equal(verdict, 'passed', JSON.stringify(failedChecks(checks)));
    };
    const mastersIn = (nodes: readonly { node: string; role: string }[]) =>
      nodes.flatMap(({ node, role }) => (role === 'master' ? [node] : []));

    test('is deployed and verified', async () => {
      topology = withJava(await shippedCopy(name));
      system.owns(topology.name);
      const result = await deploy();
      assert.deepEqual([result.outcome, mastersIn(result.nodes)], ['deployed', masters]);
      const proofs = result.timeline.filter(({ id }) => id.startsWith('proveLock/'));
      assert.deepEqual(
        proofs.map(({ id, status }) => `${id} ${status}`),
        proved.map((group) => `proveLock/${group} unchanged`),
      );
      await insistOnProof();
    });

    test('fails over when each master is killed', async () => {
      for (const node of masters) await killFor(system, topology, { ...nodeNamed(topology, node), node, seconds: 8 });
      await system.untilStatus(
        topology.name,
        ({ healthy, nodes }) => healthy && !mastersIn(nodes).some((node) => masters.includes(node)),
      );
      await insistOnProof();
    });

    test('is left alone by a second deployment', async () => {
      const result = await deploy();
      assert.deepEqual([result.outcome, result.steps.run], ['unchanged', 0]);
    });

    test('survives the loss of a host, which a deployment makes again', { skip: lost === undefined }, async () => {
      const { id } = (await system.engine.container(containerName(topology, lost ?? ''))) ?? {};
      await system.engine.removeContainer(id ?? '', { force: true });
      const left = nodesOnHost(topology, 'mqhost2').map((node) => node.name);
      await system.untilStatus(topology.name, ({ nodes }) => {
        const serving = mastersIn(nodes);
        return serving.length === 2 && serving.every((node) => left.includes(node));
      });
      assert.equal((await deploy()).outcome, 'deployed');
      await insistOnProof();
      assert.equal((await deploy()).outcome, 'unchanged');
    });

    test('is destroyed with its data, and nothing is left', async () => {
      const destroyed = await (
        await system.everbroker.destroy({ topology: { ...topology }, deleteData: true, confirm: topology.name })
      ).result();
      assert.deepEqual(destroyed.kept, []);
      assert.deepEqual(await system.engine.listContainers(topology.name), []);
      assert.deepEqual(await system.engine.listNetworks(topology.name), []);
      assert.deepEqual(await system.engine.listVolumes(topology.name), []);
    });
  });
}
