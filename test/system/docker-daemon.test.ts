import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { connect, createServer, type AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { dockerClient } from '../../hosts/docker-client.js';
import { openDockerEngine } from '../../hosts/docker-engine.js';
import { startDockerDaemon, type DockerDaemon } from '../support/docker-daemon.js';

const exec = promisify(execFile);
const SUBNET = '10.214.0.0/16';
const ADDRESS = '10.214.9.5';
/** perl-base is part of the smallest Debian: a server of one line, with no further package. */
const SERVER = `use IO::Socket::INET; $s=IO::Socket::INET->new(LocalPort=>7000,Listen=>5,ReuseAddr=>1) or die;
while($c=$s->accept){print $c "alive\\n";close $c}`;

describe('an engine of a test’s own', () => {
  let daemon: DockerDaemon;
  let stateBefore: string;
  let port: number;

  before(async () => {
    stateBefore = await networkState();
    port = await freePort();
    daemon = await startDockerDaemon({ subnet: SUBNET });
    await daemon.client.docker.createNetwork({
      Name: 'own',
      IPAM: { Config: [{ Subnet: '10.214.9.0/24' }] },
    });
    const container = await daemon.client.docker.createContainer({
      name: 'server',
      Image: 'everbroker/debian:bookworm',
      Cmd: ['perl', '-e', SERVER],
      ExposedPorts: { '7000/tcp': {} },
      HostConfig: {
        Init: true,
        NetworkMode: 'own',
        // A killed engine of version 20.10 takes 'unless-stopped' containers for stopped by hand.
        RestartPolicy: { Name: 'always' },
        PortBindings: { '7000/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] },
      },
      NetworkingConfig: { EndpointsConfig: { own: { IPAMConfig: { IPv4Address: ADDRESS } } } },
    });
    await container.start();
  });
  after(async () => {
    await daemon?.stop();
    assert.equal(await networkState(), stateBefore, 'packet filter and bridges are as they were');
  });

  test('gives a container its fixed address, a published port and a way out', async () => {
    assert.equal(await greeting(ADDRESS, 7000), 'alive\n');
    assert.equal(await greeting('127.0.0.1', port), 'alive\n');
  });

  test('starts its containers again after a kill, while the machine’s engine goes on', async () => {
    const other = await dockerClient().docker.info();
    const started = await startedAt(daemon);
    await daemon.restart('SIGKILL');
    assert.equal(await greeting(ADDRESS, 7000), 'alive\n');
    assert.equal(await greeting('127.0.0.1', port), 'alive\n');
    assert.notEqual(await startedAt(daemon), started);
    assert.equal((await dockerClient().docker.info()).ID, other.ID);
  });

  test('leaves a claim that was renewed as it is when it starts again: never started, and with its last sign of life', async () => {
    const engine = openDockerEngine(daemon.address);
    const claim = { name: 'claim', image: 'everbroker/debian:bookworm', labels: {}, renewedAt: 1 };
    const made = await engine.createClaim(claim);
    assert.ok(!made.taken);
    await engine.renewClaim(made.id, 1_795_911_819);
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await daemon.restart(signal);
      assert.equal((await engine.container(claim.name))?.neverStarted, true);
      assert.equal((await engine.readClaim(claim.name))?.renewedAt, 1_795_911_819);
    }
    await engine.removeClaim(made.id);
  });

  test('is no part of the machine’s engine', async () => {
    const [own, other] = await Promise.all([daemon.client.docker.info(), dockerClient().docker.info()]);
    assert.notEqual(own.ID, other.ID);
    const names = (await dockerClient().docker.listNetworks()).map(({ Name }) => Name);
    assert.ok(!names.includes('own'));
  });
});

const networkState = async (): Promise<string> => {
  const { stdout } = await exec('iptables-save');
  // Counters and comments hold numbers and times that change by themselves.
  const rules = stdout.split('\n').filter((line) => line.startsWith('-A') && line.includes('10.214.'));
  return [...rules, ...(await bridges())].join('\n');
};

/** The bridges in the daemon's range, and the machine's engine's own. */
async function bridges(): Promise<string[]> {
  const { stdout } = await exec('ip', ['-o', '-4', 'address', 'show']);
  const names = [...stdout.matchAll(/^\d+: (\S+)\s+inet ([\d.]+)/gm)];
  return names
    .filter(([, name, address]) => name === 'docker0' || address?.startsWith('10.214.'))
    .map(([text]) => text);
}

const inspect = (daemon: DockerDaemon) => daemon.client.docker.getContainer('server').inspect();
const startedAt = async (daemon: DockerDaemon): Promise<string> => (await inspect(daemon)).State.StartedAt;

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** What a server says first; asked again until it is up. */
async function greeting(host: string, port: number): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await new Promise((resolve, reject) => {
        const socket = connect({ host, port, timeout: 2000 });
        let text = '';
        socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
        socket.on('timeout', () => socket.destroy(new Error('no answer')));
        socket.on('error', reject);
        socket.on('close', () => (text === '' ? reject(new Error('nothing was said')) : resolve(text)));
      });
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
