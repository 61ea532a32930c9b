/** Replicated LevelDB with the ensemble that elects its master, from the image without Java to nothing left behind. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AGENT_FILE } from '../../core/layout.js';
import { containerName, verifyQueue } from '../../core/naming.js';
import type { TaskReport } from '../../core/probe-report.js';
import type { ProbeTask } from '../../core/probe-request.js';
import { nodeNamed, nodesOfGroup, type Topology } from '../../core/topology/topology.js';
import { killFor } from '../support/database-cluster.js';
import { TASK_MS, groupUrl, probeFrom } from '../support/probing.js';
import { shippedCopy } from '../support/shipped.js';
import { System, failedChecks, until } from '../support/system.js';

const GROUP = 'brokerA';
const QUEUE = verifyQueue('leveldb');
const COUNT = 200;

let system: System;
let topology: Topology;
before(async () => {
  system = await System.start();
  topology = await shippedCopy('leveldb-zookeeper');
  system.owns(topology.name);
});
after(() => system.stop());

const deploy = async () => (await system.everbroker.deploy({ topology: { ...topology } })).result();
const verify = async () => (await system.everbroker.verify({ topology: { ...topology } })).result();
const mastersIn = (nodes: readonly { node: string; role: string }[]) =>
  nodes.flatMap(({ node, role }) => (role === 'master' ? [node] : []));

async function insistOnPassed(): Promise<void> {
  const { verdict, checks } = await verify();
  assert.equal(verdict, 'passed', JSON.stringify(failedChecks(checks)));
}

/** The master by the nodes themselves; the verification has then compared it with ZooKeeper's word. */
async function master(): Promise<string> {
  const { nodes } = await (await system.everbroker.status({ cluster: topology.name })).result();
  const [one, ...more] = mastersIn(nodes);
  assert.ok(one !== undefined && more.length === 0, JSON.stringify(nodes));
  return one;
}

function task(kind: 'produce' | 'drain'): ProbeTask {
  const common = { name: kind, queue: QUEUE, timeoutMs: TASK_MS };
  const url = groupUrl(topology, GROUP);
  return kind === 'produce'
    ? { ...common, task: 'produce', from: url, count: COUNT }
    : { ...common, task: 'drain', to: url, cleanup: true };
}

const probe = (kind: 'produce' | 'drain'): Promise<TaskReport> =>
  probeFrom(system, { topology, host: 'mqhost3' }, task(kind));

/** What is acknowledged before `happens` is all there afterwards, once each, and the group is well. */
async function insistOnKept(happens: () => Promise<void>): Promise<void> {
  const produced = await probe('produce');
  assert.ok(produced.task === 'produce' && produced.outcome === 'complete', JSON.stringify(produced));
  await happens();
  const drained = await probe('drain');
  assert.ok(drained.task === 'drain' && 'received' in drained, JSON.stringify(drained));
  assert.deepEqual([drained.received, drained.receivedIds], [COUNT, produced.acknowledgedIds]);
  await insistOnPassed();
}

describe('a group on replicated LevelDB', () => {
  test('is deployed with its ensemble and proven, and left alone by a second deployment', async () => {
    const result = await deploy();
    assert.equal(result.outcome, 'deployed');
    const [serves] = mastersIn(result.nodes);
    const elected = result.checks.find(({ name }) => name === `store of ${GROUP}`);
    assert.equal(elected?.detail, `${serves} is elected, 3 of 3 nodes of ${GROUP} are registered in ZooKeeper`);
    await insistOnPassed();
    const again = await deploy();
    assert.deepEqual([again.outcome, again.steps.run], ['unchanged', 0]);
  });

  test('shows ZooKeeper and the stores to nobody but their own users', async () => {
    const owners = await system.sh(
      topology,
      'mqhost1',
      `cd ${topology.root} && stat -c '%u %a' .databases/zoo-1/data/db .databases/zoo-1/data .replicas/mq1
ss=$(cat /proc/net/tcp /proc/net/tcp6); echo "$ss" | awk '$4 == "0A" && $2 ~ /:(0885|0B48|0F30)$/ { print $2 }' | grep -c '^0*:' || :`,
    );
    assert.deepEqual(owners.trim().split('\n'), ['7617 700', '7617 700', '7616 750', '0']);
  });

  test('keeps what was acknowledged when its master is killed, and has it back as a slave', async () => {
    await insistOnKept(async () => {
      const killed = await master();
      await killFor(system, topology, { host: nodeNamed(topology, killed).host, node: killed, seconds: 8 });
      await system.untilStatus(
        topology.name,
        ({ healthy, nodes }) => healthy && nodes.some(({ node, role }) => node === killed && role === 'slave'),
      );
    });
  });

  test('is told by name when a copy is missing, and when a server of its ensemble is', async () => {
    const serves = await master();
    const slave = nodesOfGroup(topology, GROUP).find(({ name }) => name !== serves);
    assert.ok(slave);
    await system.sh(topology, slave.host, `sh ${AGENT_FILE} down ${slave.name}`);
    await system.sh(topology, 'mqhost2', `sh ${AGENT_FILE} down zoo-2`);
    const expected = [`${slave.name} of ${GROUP} NodeDown`, 'ensemble server zoo-2 on mqhost2 EnsembleServerDown'];
    let found: string[] = [];
    // ZooKeeper counts the node until its session has ended. On a busy machine the others lose theirs with the server, and
    // elect anew; one that hangs on the way is started again by the watchdog after half a minute.
    const isTold = async (): Promise<boolean> => {
      const { checks } = await verify();
      found = checks.flatMap(({ ok, name, fault }) => (ok ? [] : [`${name} ${fault}`]));
      return found.includes(`store of ${GROUP} ReplicaMissing`);
    };
    await until('all of it is told', isTold, 180_000);
    for (const fault of expected) assert.ok(found.includes(fault), found.join('\n'));
    assert.ok(!found.some((fault) => fault.startsWith('messages through')), found.join('\n'));
    assert.equal((await deploy()).outcome, 'deployed');
    await insistOnPassed();
  });

  test('serves again by itself when its ensemble had no quorum for longer than a session lives', async () => {
    const ensemble = (word: 'down' | 'up') =>
      Promise.all([2, 3].map((n) => system.sh(topology, `mqhost${n}`, `sh ${AGENT_FILE} ${word} zoo-${n}`)));
    await insistOnKept(async () => {
      await ensemble('down');
      await system.untilStatus(topology.name, ({ nodes }) => mastersIn(nodes).length === 0);
      await ensemble('up');
      // The watchdog starts one again that has shut down in a JVM that lives on.
      await system.untilStatus(topology.name, ({ healthy }) => healthy);
    });
  });

  test('survives the loss of a host, which a deployment makes again', async () => {
    const lost = nodeNamed(topology, await master()).host;
    const { id } = (await system.engine.container(containerName(topology, lost))) ?? {};
    await system.engine.removeContainer(id ?? '', { force: true });
    await system.untilStatus(topology.name, ({ nodes }) => {
      const serving = mastersIn(nodes);
      return serving.length === 1 && nodeNamed(topology, serving[0] ?? '').host !== lost;
    });
    assert.equal((await deploy()).outcome, 'deployed');
    await insistOnPassed();
  });

  test('is destroyed with its data, and nothing is left', async () => {
    const { name } = topology;
    const destroyed = await (
      await system.everbroker.destroy({ topology: { ...topology }, deleteData: true, confirm: name })
    ).result();
    assert.deepEqual(destroyed.kept, []);
    assert.deepEqual(await system.engine.listContainers(name), []);
    assert.deepEqual(await system.engine.listNetworks(name), []);
    assert.deepEqual(await system.engine.listVolumes(name), []);
  });
});
