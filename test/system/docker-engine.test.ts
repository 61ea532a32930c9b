import { after, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { randomUUID } from 'node:crypto';
import { LABEL_CLUSTER } from '../../core/naming.js';
import { openDockerEngine, type ContainerSpec } from '../../hosts/docker-engine.js';
import { openDockerHost } from '../../hosts/docker-host.js';

const image = process.env['EVERBROKER_TEST_IMAGE'] ?? 'everbroker/debian:bookworm';
const cluster = `hosts-${randomUUID().slice(0, 8)}`;
const labels = { [LABEL_CLUSTER]: cluster };
/** Apart from Docker's own pools and from the other tests. */
const subnet = '10.251.77.0/24';
const engine = openDockerEngine();

after(async () => {
  for (const { id } of await engine.listContainers(cluster)) await engine.removeContainer(id, { force: true });
  for (const { id } of await engine.listNetworks(cluster)) await engine.removeNetwork(id);
  for (const { name } of await engine.listVolumes(cluster)) await engine.removeVolume(name);
});

const network = async (): Promise<string> => {
  await engine.createNetwork({ name: cluster, subnet, labels });
  return cluster;
};

const containerSpec = async (name: string, changes: Partial<ContainerSpec> = {}): Promise<ContainerSpec> => ({
  name: `${cluster}-${name}`,
  hostname: name,
  image,
  labels,
  network: await network(),
  address: '10.251.77.10',
  ports: [],
  volumes: [],
  command: ['sleep', 'infinity'],
  files: [],
  stopTimeoutSeconds: 1,
  ...changes,
});

const isType = (type: string) => (error: unknown) => error instanceof Error && Reflect.get(error, 'type') === type;

describe('a Docker engine', () => {
  test('has an id that does not change', async () => {
    const id = await engine.id();
    assert.match(id, /\S{12,}/);
    assert.equal(await openDockerEngine(engine.address).id(), id);
  });

  test('that is down is an EngineUnreachable that names the socket', async () => {
    const down = openDockerEngine('unix:///nonexistent/docker.sock');
    await assert.rejects(down.id(), (error: unknown) => {
      assert.ok(isType('EngineUnreachable')(error));
      assert.match(String(error), /unix:\/\/\/nonexistent\/docker\.sock/);
      return true;
    });
  });

  test('that hangs is an EngineUnreachable after the time-out, and can be cancelled before', async () => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    assert.ok(typeof address === 'object' && address);
    const hanging = openDockerEngine(`tcp://127.0.0.1:${address.port}`);
    try {
      await assert.rejects(hanging.network('x', { timeoutMs: 100 }), isType('EngineUnreachable'));
      const reason = new Error('changed my mind');
      const signal = AbortSignal.abort(reason);
      await assert.rejects(hanging.id({ signal }), reason);
    } finally {
      server.close();
      server.unref();
    }
  });
});

describe('networks', () => {
  test('are made once, with their subnet and labels, and count as in use', async () => {
    await network();
    assert.equal((await engine.createNetwork({ name: cluster, subnet, labels })).created, false);
    const found = await engine.network(cluster);
    assert.deepEqual({ subnet: found?.subnet, labels: found?.labels }, { subnet, labels });
    assert.ok((await engine.subnetsInUse()).includes(subnet));
  });

  test('are found by their whole name only', async () => {
    await network();
    const id = (await engine.network(cluster))?.id ?? '';
    assert.equal(await engine.network(id.slice(0, 12)), null);
    assert.equal(await engine.network(cluster.slice(0, -1)), null);
  });

  test('on a subnet that overlaps another are refused with the name of the other', async () => {
    await network();
    const spec = { name: `${cluster}-clash`, subnet: '10.251.77.128/25', labels };
    await assert.rejects(engine.createNetwork(spec), (error: unknown) => {
      assert.ok(isType('SubnetTaken')(error));
      assert.ok(String(error).includes(cluster));
      return true;
    });
  });

  test('of the same name that are not ours are left alone', async () => {
    await network();
    const spec = { name: cluster, subnet, labels: { [LABEL_CLUSTER]: 'another' } };
    await assert.rejects(engine.createNetwork(spec), isType('NameTaken'));
  });
});

describe('containers', () => {
  test('start with their files, address, hostname and without privileges', async () => {
    const spec = await containerSpec('whole', {
      files: [{ path: '/etc/everbroker/a b', content: 'ü', mode: 0o640, uid: 61616, gid: 61616 }],
    });
    const { id, created } = await engine.createContainer(spec);
    assert.ok(created);
    await engine.startContainer(id);
    await engine.startContainer(id);
    const state = await engine.container(spec.name);
    assert.deepEqual(
      { running: state?.running, address: state?.address, image: state?.image, labels: state?.labels[LABEL_CLUSTER] },
      { running: true, address: spec.address, image, labels: cluster },
    );
    const host = openDockerHost({ engine, container: spec.name, name: 'whole' });
    const script =
      'hostname; stat -c "%a %u %g" "/etc/everbroker/a b"; cat "/etc/everbroker/a b"; echo; grep NoNewPrivs /proc/self/status; grep CapEff /proc/self/status; tr "\\0" " " < /proc/1/cmdline';
    const { stdout } = await host.exec(['sh', '-c', script], { timeoutMs: 10_000 });
    const lines = stdout.split('\n');
    assert.deepEqual(lines.slice(0, 3), ['whole', '640 61616 61616', 'ü']);
    assert.match(stdout, /NoNewPrivs:\s+1/);
    assert.match(stdout, /CapEff:\s+00000000000000fb/);
    assert.match(lines.at(-1) ?? '', /init/);
    await engine.removeContainer(id, { force: true });
    await engine.removeContainer(id, { force: true });
    assert.equal(await engine.container(spec.name), null);
  });

  test('that exist with our labels are found again; others are NameTaken', async () => {
    const spec = await containerSpec('twice');
    const first = await engine.createContainer(spec);
    assert.deepEqual(await engine.createContainer(spec), { id: first.id, created: false });
    const other = { ...spec, labels: { [LABEL_CLUSTER]: 'another' } };
    await assert.rejects(engine.createContainer(other), isType('NameTaken'));
    await engine.removeContainer(first.id);
  });

  test('stop with an exit code, and stopping or killing what is stopped changes nothing', async () => {
    const { id } = await engine.createContainer(await containerSpec('stopped'));
    await engine.startContainer(id);
    await engine.stopContainer(id, { seconds: 1 });
    await engine.stopContainer(id);
    await engine.killContainer(id);
    const state = await engine.container(`${cluster}-stopped`);
    assert.equal(state?.running, false);
    assert.equal(typeof state?.exitCode, 'number');
    await engine.removeContainer(id);
  });

  test('with an unknown image are ArtefactUnavailable', async () => {
    const spec = await containerSpec('imageless', { image: 'everbroker/nothing:at-all' });
    assert.equal(await engine.hasImage(spec.image), false);
    assert.equal(await engine.hasImage(image), true);
    await assert.rejects(engine.createContainer(spec), isType('ArtefactUnavailable'));
  });

  test('whose address is taken say who has it', async () => {
    const first = await engine.createContainer(await containerSpec('first', { address: '10.251.77.20' }));
    await engine.startContainer(first.id);
    const second = await engine.createContainer(await containerSpec('second', { address: '10.251.77.20' }));
    await assert.rejects(engine.startContainer(second.id), (error: unknown) => {
      assert.ok(isType('AddressTaken')(error), String(error));
      assert.match(String(error), /10\.251\.77\.20.*-first/);
      return true;
    });
  });

  test('whose port is taken say by whom, be it a container or a process', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    assert.ok(typeof address === 'object' && address);
    const ports = [{ port: address.port, publish: '127.0.0.1' }];
    const one = await engine.createContainer(await containerSpec('port1', { address: '10.251.77.31', ports }));
    await assert.rejects(engine.startContainer(one.id), isType('PortTaken'));
    await new Promise((resolve) => server.close(resolve));
    await engine.startContainer(one.id);
    const two = await engine.createContainer(await containerSpec('port2', { address: '10.251.77.32', ports }));
    await assert.rejects(engine.startContainer(two.id), (error: unknown) => {
      assert.ok(isType('PortTaken')(error), String(error));
      assert.match(String(error), new RegExp(`${address.port}.*-port1`));
      return true;
    });
  });
});

describe('volumes', () => {
  test('are made once, keep others out, and can be read without a container', async () => {
    const volume = `${cluster}.state`;
    assert.equal((await engine.ensureVolume(volume, labels)).created, true);
    assert.equal((await engine.ensureVolume(volume, labels)).created, false);
    await assert.rejects(engine.ensureVolume(volume, { [LABEL_CLUSTER]: 'another' }), isType('NameTaken'));
    const file = { volume, mount: '/var/lib/state', path: '/var/lib/state/deep/file' };
    assert.equal(await engine.readVolumeFile(file), null);
    const volumes = [{ volume, path: '/var/lib/state' }];
    const files = [{ path: file.path, content: 'kept', mode: 0o600 }];
    const { id } = await engine.createContainer(await containerSpec('writer', { volumes, files }));
    await engine.startContainer(id);
    assert.equal(String(await engine.readVolumeFile(file)), 'kept');
    await engine.removeContainer(id, { force: true });
    assert.equal(String(await engine.readVolumeFile(file)), 'kept');
    await engine.removeVolume(volume);
    await engine.removeVolume(volume);
    assert.deepEqual(await engine.listVolumes(cluster), []);
  });
});

describe('claims', () => {
  const name = `${cluster}-claim`;
  const spec = (renewedAt: number) => ({ name, image, labels, renewedAt });

  test('let exactly one of many rivals in', async () => {
    const rivals = await Promise.all([1, 2, 3, 4, 5].map((at) => engine.createClaim(spec(at))));
    const winners = rivals.filter((outcome) => !outcome.taken);
    assert.equal(winners.length, 1);
    const holder = await engine.readClaim(name);
    for (const outcome of rivals) assert.equal(outcome.taken ? outcome.existing.id : outcome.id, holder?.id);
    await engine.removeClaim(holder?.id ?? '');
  });

  test('show their holder’s last sign of life, and are lost when they are gone, also if the name is taken anew', async () => {
    const first = await engine.createClaim(spec(1_795_911_816));
    assert.ok(!first.taken);
    assert.equal((await engine.readClaim(name))?.renewedAt, 1_795_911_816);
    await engine.renewClaim(first.id, 1_795_911_819);
    assert.equal((await engine.readClaim(name))?.renewedAt, 1_795_911_819);
    await engine.removeClaim(first.id);
    await engine.removeClaim(first.id);
    assert.equal(await engine.readClaim(name), null);
    const second = await engine.createClaim(spec(2));
    assert.ok(!second.taken);
    await assert.rejects(engine.renewClaim(first.id, 3), isType('OwnershipLost'));
    await engine.removeClaim(second.id);
  });
});
