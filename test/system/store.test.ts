/** What a cluster keeps, what it leaves alone, and what it refuses to take from others. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import Docker from 'dockerode';
import { containerName, storeVolume } from '../../core/naming.js';
import type { TaskReport } from '../../core/probe-report.js';
import type { ProbeTask } from '../../core/probe-request.js';
import { dockerHostOf, nodesOfGroup, type Topology } from '../../core/topology/topology.js';
import { JRE_IMAGE } from '../../images/jre-image.js';
import { allHistories, leaksIn } from '../support/leaks.js';
import { TASK_MS, groupUrl, probeFrom } from '../support/probing.js';
import { System } from '../support/system.js';

const GROUP = 'brokerA';
const docker = new Docker();
let system: System;
before(async () => {
  system = await System.start();
});
after(() => system.stop());

const undo: (() => Promise<unknown>)[] = [];
const undoAll = async () => {
  for (const step of undo.splice(0).reverse()) await step();
};

/** Somebody else's things, which carry no label of Everbroker's. */
async function foreignContainer(name: string, labels: Record<string, string> = {}): Promise<string> {
  const made = await docker.createContainer({ name, Image: JRE_IMAGE, Cmd: ['sleep', '600'], Labels: labels });
  undo.push(() => made.remove({ force: true }));
  await made.start();
  return made.id;
}
async function foreignNetwork(name: string, subnet: string, labels: Record<string, string> = {}): Promise<string> {
  const made = await docker.createNetwork({ Name: name, IPAM: { Config: [{ Subnet: subnet }] }, Labels: labels });
  undo.push(() => made.remove());
  return made.id;
}
async function foreignVolume(name: string, labels: Record<string, string> = {}): Promise<void> {
  await docker.createVolume({ Name: name, Labels: labels });
  undo.push(() => docker.getVolume(name).remove());
}

const deploy = async (topology: Topology) => (await system.everbroker.deploy({ topology: { ...topology } })).result();
const network = (topology: Topology) => dockerHostOf(topology, 'host1').network;

describe('the store of a cluster', () => {
  const COUNT = 200;
  let topology: Topology;
  let logins: Awaited<ReturnType<System['credentials']>>;
  after(undoAll);

  async function probe(topology: Topology, task: (url: string) => ProbeTask): Promise<TaskReport> {
    const inspected = await docker.getContainer(containerName(topology, 'host1')).inspect();
    const address = Object.values(inspected.NetworkSettings.Networks)[0]?.IPAddress ?? '';
    const url = groupUrl(topology, GROUP, { address });
    return probeFrom(system, { topology, host: 'host1' }, task(url));
  }

  async function produce(queue: string): Promise<void> {
    const report = await probe(topology, (from) => ({
      task: 'produce',
      name: 'produce',
      queue,
      from,
      count: COUNT,
      timeoutMs: TASK_MS,
    }));
    assert.ok(report.task === 'produce' && report.outcome === 'complete', JSON.stringify(report));
    assert.equal(report.acknowledgedIds, `0-${COUNT - 1}`);
  }

  async function drain(queue: string): Promise<{ receivedIds: string; duplicated: number }> {
    const report = await probe(topology, (to) => ({
      task: 'drain',
      name: 'drain',
      queue,
      to,
      timeoutMs: TASK_MS,
      idleMs: 3000,
      cleanup: true,
    }));
    assert.ok(report.task === 'drain' && 'receivedIds' in report, JSON.stringify(report));
    return report;
  }

  const ALL = { receivedIds: `0-${COUNT - 1}`, duplicated: 0 };
  const part = ({ receivedIds, duplicated }: typeof ALL) => ({ receivedIds, duplicated });

  test('is made in a subnet that is free when the preferred one is taken, and says so', async () => {
    topology = await system.topology();
    await foreignNetwork(`${topology.name}-netX`, network(topology).subnet);
    const result = await deploy(topology);
    const used = result.networks[network(topology).name];
    assert.notEqual(used, network(topology).subnet);
    assert.ok(
      result.notes.some((note) => note.includes(`${used}, because ${network(topology).subnet} is taken`)),
      JSON.stringify(result.notes),
    );
    logins = await system.credentials(topology.name);
  });

  test('keeps every acknowledged message when the container is removed behind its back', async () => {
    await produce('EVERBROKER.TEST.removed');
    await docker.getContainer(containerName(topology, 'host1')).remove({ force: true });
    assert.equal((await deploy(topology)).outcome, 'deployed');
    assert.deepEqual(part(await drain('EVERBROKER.TEST.removed')), ALL);
  });

  test('keeps them, and the credentials, through destroy and deploy, while others’ things stay', async () => {
    const { name } = topology;
    const container = await foreignContainer(`${name}-host10`);
    const prefixed = await foreignContainer(`${name}x-host1`, { 'everbroker.cluster': `${name}x` });
    await foreignVolume(`${name}.${GROUP}.storeX`);
    await foreignVolume(`${name}x.${GROUP}.store`, { 'everbroker.cluster': `${name}x` });
    await produce('EVERBROKER.TEST.destroyed');

    const destroyed = await (await system.everbroker.destroy({ cluster: name })).result();
    assert.equal(destroyed.outcome, 'destroyed');
    assert.ok(destroyed.kept.includes(storeVolume(name, GROUP)), JSON.stringify(destroyed));
    assert.deepEqual(await system.engine.listContainers(name), []);
    assert.deepEqual(await system.engine.listNetworks(name), []);
    for (const id of [container, prefixed]) assert.equal((await docker.getContainer(id).inspect()).State.Running, true);
    for (const volume of [`${name}.${GROUP}.storeX`, `${name}x.${GROUP}.store`])
      assert.equal((await docker.getVolume(volume).inspect()).Name, volume);
    assert.ok(await system.engine.network(`${name}-netX`));

    assert.equal((await deploy(topology)).outcome, 'deployed');
    assert.deepEqual(await system.credentials(name), logins);
    assert.deepEqual(part(await drain('EVERBROKER.TEST.destroyed')), ALL);
  });

  test('goes with everything else when the data is to be deleted, and only when the name is repeated', async () => {
    const { name } = topology;
    const unsure = await system.everbroker
      .destroy({ cluster: name, deleteData: true })
      .then((started) => started.result())
      .catch((error: unknown) => error);
    assert.ok(unsure instanceof Error);
    assert.match(unsure.message, /confirm/);
    assert.equal((await system.engine.listContainers(name)).length, 1);

    await (await system.everbroker.destroy({ cluster: name, deleteData: true, confirm: name })).result();
    assert.deepEqual(await system.engine.listContainers(name), []);
    assert.deepEqual(await system.engine.listVolumes(name), []);
    await assert.rejects(stat(join(system.home, 'credentials', `${name}.json`)), { code: 'ENOENT' });
    assert.equal((await docker.getVolume(`${name}.${GROUP}.storeX`).inspect()).Name, `${name}.${GROUP}.storeX`);
    assert.ok(await system.engine.network(`${name}-netX`));
  });

  test('has told no history and no log its secrets, not even while it was destroyed', async () => {
    const secrets = Object.fromEntries(
      Object.entries(logins).flatMap(([role, { password }]) => (password ? [[role, password]] : [])),
    );
    const histories = await allHistories(system.client);
    assert.ok([...histories.keys()].some((id) => id.startsWith('destroy-')));
    for (const [id, text] of histories) assert.deepEqual(leaksIn(text, secrets), [], id);
    assert.deepEqual(leaksIn(await system.workerLog(), secrets), []);
  });
});

describe('what is somebody else’s', () => {
  afterEach(undoAll);
  const refused = (topology: Topology, type: string, message: RegExp) =>
    assert.rejects(deploy(topology), { type, message });

  test('keeps its network, though it has the name and the subnet that the topology wants', async () => {
    const topology = await system.topology();
    const { name, subnet } = network(topology);
    await foreignNetwork(name, subnet);
    await refused(topology, 'NameTaken', new RegExp(`network ${name} exists and is not this cluster's`));
    assert.deepEqual(await system.engine.listContainers(topology.name), []);
    assert.ok(await system.engine.network(name));
  });

  test('keeps its container, though another cluster has made it from the same specification', async () => {
    const topology = await system.topology();
    const name = containerName(topology, 'host1');
    for (const labels of [{}, { 'everbroker.cluster': 'another', 'everbroker.role': 'host' }]) {
      const id = await foreignContainer(name, labels);
      await refused(topology, 'NameTaken', new RegExp(`container ${name} exists and is not this cluster's`));
      assert.equal((await docker.getContainer(id).inspect()).State.Running, true);
      await undoAll();
    }
  });

  test('keeps its volume, which may hold somebody’s messages', async () => {
    const topology = await system.topology();
    const name = storeVolume(topology.name, GROUP);
    await foreignVolume(name);
    await refused(topology, 'NameTaken', new RegExp(`another volume ${name}`));
    for (const { id } of await system.engine.listContainers(topology.name)) await system.engine.removeContainer(id);
  });

  test('keeps a container that has the name of a claim', async () => {
    const topology = await system.topology();
    const id = await foreignContainer(`everbroker-claim-${topology.name}`);
    await refused(topology, 'NameTaken', /is no claim/);
    assert.equal((await docker.getContainer(id).inspect()).State.Running, true);
  });

  test('keeps its subnet: where the topology pins it, nothing is made', async () => {
    const topology = await system.topology();
    const pinned = { ...network(topology), policy: 'pinned' as const };
    const hosts = { host1: { ...dockerHostOf(topology, 'host1'), network: pinned } };
    await foreignNetwork(`${topology.name}-other`, pinned.subnet);
    await refused({ ...topology, hosts }, 'SubnetTaken', new RegExp(`pinned subnet ${pinned.subnet} is taken`));
    assert.deepEqual(await system.engine.listContainers(topology.name), []);
    assert.equal(await system.engine.network(pinned.name), null);
  });

  test('keeps its port, which the refusal names', async () => {
    const topology = await system.topology();
    const [node] = nodesOfGroup(topology, GROUP);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(node?.openwire, '127.0.0.1', resolve));
    undo.push(() => new Promise((resolve) => server.close(resolve)));
    await refused(topology, 'PortTaken', new RegExp(`port ${node?.openwire} is taken`));
  });
});
