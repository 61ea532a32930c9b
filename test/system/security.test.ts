import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import type { DeployOutput, PlanOutput } from '../../core/contract.js';
import { EverbrokerError } from '../../core/failure.js';
import { STATE_DIR, credentialsFile, nodeBase, nodeConf } from '../../core/layout.js';
import { PROBE_USER, containerName } from '../../core/naming.js';
import { allNodes, hostNames, type Node, type Topology } from '../../core/topology/topology.js';
import { allHistories, leaksIn, watchProcesses } from '../support/leaks.js';
import { sending } from '../support/openwire-client.js';
import { System } from '../support/system.js';

interface Login {
  user: string;
  password: string;
}

let system: System;
before(async () => {
  system = await System.start();
});
after(() => system.stop());

describe('a deployed cluster', () => {
  let topology: Topology;
  let deployed: DeployOutput;
  let plan: PlanOutput;
  let processes: string[];
  let logins: Record<'console' | 'client' | 'bridge' | 'probe' | 'system', Login>;
  const secrets = (): Record<string, string> =>
    Object.fromEntries(Object.entries(logins).flatMap(([name, { password }]) => (password ? [[name, password]] : [])));

  before(async () => {
    topology = await system.topology({ groups: 2, nodesPerGroup: 1 });
    const watch = watchProcesses();
    deployed = await (await system.everbroker.deploy({ topology: { ...topology } })).result();
    await (await system.everbroker.verify({ cluster: topology.name })).result();
    await (await system.everbroker.status({ cluster: topology.name })).result();
    plan = await (await system.everbroker.plan({ topology: { ...topology, strandedMessages: 'keep' } })).result();
    processes = await watch.stop();
    logins = (await system.credentials(topology.name)) as typeof logins;
  });

  test('has generated credentials, each of its own, in a file that only its owner reads', async () => {
    const passwords = Object.values(secrets());
    assert.equal(passwords.length, 5);
    assert.equal(new Set(passwords).size, 5);
    assert.ok(passwords.every((password) => password.length >= 20));
    const file = join(system.home, 'credentials', `${topology.name}.json`);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(join(system.home, 'credentials'))).mode & 0o777, 0o700);
  });

  test('has its logins told by the command, and no others', async () => {
    const { console: web, client } = logins;
    assert.deepEqual(await credentialsCommand(topology), { console: web, client });
  });

  test('leaves no secret in any history, in no log, and in no plan', async () => {
    const histories = await allHistories(system.client);
    const all = [...histories.values()].join('\n');
    // The search finds what is there: names that histories hold, also inside payloads.
    assert.ok(histories.size >= 4 && all.includes(topology.name) && all.includes('configureNode'));
    for (const [id, text] of histories) assert.deepEqual(leaksIn(text, secrets()), [], id);
    assert.deepEqual(leaksIn(await system.workerLog(), secrets()), []);
    assert.deepEqual(leaksIn(JSON.stringify([deployed, plan]), secrets()), []);
    assert.ok(JSON.stringify(plan).includes('networkConnector'), 'the plan shows the changed configuration');
  });

  test('shows no secret in the arguments or environment of a process, nor in a container’s description or output', async () => {
    assert.ok(processes.some((text) => text.includes('-Dactivemq.base=')));
    assert.ok(processes.some((text) => text.includes('everbroker.probe.Probe')));
    assert.deepEqual(leaksIn(processes.join('\n'), secrets()), []);
    const docker = new Docker();
    for (const host of hostNames(topology)) {
      const container = docker.getContainer(containerName(topology, host));
      const logs = await container.logs({ stdout: true, stderr: true });
      assert.deepEqual(leaksIn(JSON.stringify(await container.inspect()) + logs.toString('utf8'), secrets()), []);
    }
  });

  test('has secrets in one credentials file a node, and on the first host in the master copy', async () => {
    for (const [index, host] of hostNames(topology).entries()) {
      const node = nodesOn(host)[0]?.name ?? '';
      const found = await system
        .host(topology, host)
        .exec(['grep', '-rlaF', '-f', '-', STATE_DIR, topology.root, '/etc', '/root', '/tmp', '/var/log'], {
          timeoutMs: 60_000,
          stdin: Object.values(secrets()).join('\n'),
        });
      const expected = [...(index === 0 ? [`${STATE_DIR}/secrets.json`] : []), credentialsFile(topology, node)];
      assert.deepEqual(found.stdout.trim().split('\n').sort(), expected.sort());
    }
  });

  test('runs its brokers as a user of their own, who can neither become more nor change the configuration', async () => {
    for (const node of allNodes(topology)) {
      const base = nodeBase(topology, node.name);
      const pid = (
        await system.sh(topology, node.host, `grep -la -e "[-]Dactivemq.base=${base}" /proc/[0-9]*/cmdline | head -n 1`)
      ).split('/')[2];
      const status = await system.sh(topology, node.host, `cat /proc/${pid}/status`);
      const line = (key: string): string => new RegExp(`^${key}:[ \\t]*(.*)$`, 'm').exec(status)?.[1] ?? '';
      const { uid } = topology.runAs;
      assert.equal(line('Uid'), Array(4).fill(uid).join('\t'));
      assert.equal(line('Gid'), Array(4).fill(uid).join('\t'));
      assert.equal(line('Groups').trim(), '');
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) assert.equal(Number(`0x${line(set)}`), 0, set);
      assert.equal(line('NoNewPrivs'), '1');
      const writable = `find ${nodeConf(topology, node.name)} ${topology.root}/.activemq -writable ! -type l`;
      const asBroker = `setpriv --reuid=${uid} --regid=${uid} --clear-groups ${writable}`;
      const own = (await system.sh(topology, node.host, asBroker)).trim().split('\n');
      assert.deepEqual(
        own.filter((path) => path !== ''),
        [credentialsFile(topology, node.name)],
      );
    }
  });

  test('keeps what is secret on its hosts from others: modes and owners', async () => {
    const [host = '', other = ''] = hostNames(topology);
    const facts = (on: string, path: string) => system.sh(topology, on, `stat -c '%a %u %g' ${path}`);
    const { uid } = topology.runAs;
    for (const node of allNodes(topology))
      assert.equal(await facts(node.host, credentialsFile(topology, node.name)), `600 ${uid} ${uid}\n`);
    assert.equal(await facts(host, `${STATE_DIR}/secrets.json`), '600 0 0\n');
    for (const on of [host, other]) {
      assert.equal(await facts(on, `${STATE_DIR}/host.key`), '600 0 0\n');
      assert.equal(await facts(on, `${STATE_DIR}/owner`), '600 0 0\n');
    }
  });

  test('listens on openwire and console ports only: none for JMX, and on the machine on loopback alone', async () => {
    const docker = new Docker();
    for (const host of hostNames(topology)) {
      const wanted = nodesOn(host).flatMap((node) => [node.openwire, node.console]);
      const listening = await system.sh(topology, host, `cat /proc/net/tcp /proc/net/tcp6`);
      // 0A is LISTEN; Docker's own name server listens on 127.0.0.11.
      const ports = [...listening.matchAll(/^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ 0A/gm)]
        .filter(([, address]) => address !== '0B00007F')
        .map(([, , port]) => parseInt(port ?? '', 16));
      assert.deepEqual([...new Set(ports)].sort(), wanted.sort());
      const { HostConfig, NetworkSettings } = await docker.getContainer(containerName(topology, host)).inspect();
      const bindings = Object.values(NetworkSettings.Ports).flatMap((list) => list ?? []);
      assert.deepEqual([...new Set(bindings.map(({ HostIp }) => HostIp))], ['127.0.0.1']);
      assert.equal(HostConfig.Privileged, false);
      assert.deepEqual(HostConfig.CapDrop, ['ALL']);
      assert.ok(HostConfig.SecurityOpt?.includes('no-new-privileges'));
      assert.deepEqual(
        (HostConfig.Mounts ?? []).map(({ Type }) => Type).filter((type) => type !== 'volume'),
        [],
      );
    }
  });

  test('shows its console and Jolokia only to those who log in', async () => {
    const node = firstNode();
    for (const path of ['/', '/admin/', '/api/jolokia/', '/api/message/x?type=queue']) {
      assert.equal((await web(node, path, null)).status, 401, path);
      for (const password of ['admin', logins.client.password]) {
        assert.equal((await web(node, path, { user: 'admin', password })).status, 401, path);
      }
      assert.equal((await web(node, path, { user: logins.console.user, password: 'admin' })).status, 401, path);
    }
    assert.equal((await web(node, '/admin/', logins.console)).status, 200);
    const version = await jolokia(node, { type: 'version' });
    assert.equal(version.status, 200);
  });

  test('lets Jolokia read and do nothing else', async () => {
    const node = firstNode();
    const mbean = `org.apache.activemq:type=Broker,brokerName=${node.group}`;
    const read = await jolokia(node, { type: 'read', mbean, attribute: 'BrokerVersion' });
    assert.equal(read.status, 200, JSON.stringify(read));
    const deeds = [
      { type: 'exec', mbean, operation: 'addNetworkConnector', arguments: ['static:(tcp://127.0.0.1:1)'] },
      { type: 'exec', mbean, operation: 'addConnector', arguments: ['tcp://127.0.0.1:0'] },
      { type: 'exec', mbean, operation: 'addQueue', arguments: ['any'] },
      { type: 'exec', mbean, operation: 'stop', arguments: [] },
      { type: 'exec', mbean: 'java.util.logging:type=Logging', operation: 'getLoggerLevel', arguments: [''] },
      { type: 'write', mbean, attribute: 'MemoryPercentUsage', value: 1 },
      { type: 'read', mbean: 'com.sun.management:type=HotSpotDiagnostic', attribute: 'DiagnosticOptions' },
    ];
    for (const deed of deeds) assert.equal((await jolokia(node, deed)).status, 403, JSON.stringify(deed));
  });

  test('lets its clients in by their login, and neither strangers nor those who try the usual passwords', async () => {
    const group = firstNode().group;
    const send = (login: Login | null, queue: string) => sending({ system, topology, group, queue, login });
    assert.equal(await send(logins.client, 'orders'), 'accepted');
    assert.equal(await send(null, 'orders'), 'refused');
    assert.equal(await send({ user: 'admin', password: 'admin' }, 'orders'), 'refused');
    assert.equal(await send({ user: logins.client.user, password: 'admin' }, 'orders'), 'refused');
    assert.equal(await send(logins.console, 'orders'), 'refused');
  });

  test('lets the probe’s user touch its own queues and no other', async () => {
    const group = firstNode().group;
    assert.equal(logins.probe.user, PROBE_USER);
    const send = (queue: string) => sending({ system, topology, group, queue, login: logins.probe });
    assert.equal(await send('EVERBROKER.TEST.security'), 'accepted');
    assert.equal(await send('orders'), 'refused');
  });

  const nodesOn = (host: string): Node[] => allNodes(topology).filter((node) => node.host === host);
  const firstNode = (): Node => {
    const [node] = allNodes(topology);
    assert.ok(node);
    return node;
  };

  function web(node: Node, path: string, login: Login | null, body?: unknown): Promise<Response> {
    const basic = login === null ? '' : Buffer.from(`${login.user}:${login.password}`).toString('base64');
    return fetch(`http://127.0.0.1:${node.console}${path}`, {
      redirect: 'manual',
      headers: { origin: 'http://localhost', ...(login === null ? {} : { authorization: `Basic ${basic}` }) },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
  }

  /** Jolokia answers 200 to HTTP and says in the body what became of the request. */
  async function jolokia(node: Node, request: unknown): Promise<{ status: number }> {
    return (await (await web(node, '/api/jolokia/', logins.console, request)).json()) as { status: number };
  }
});

describe('passwords by reference', () => {
  const FIRST = 'the-first-password';
  const SECOND = 'the-second: password = with \\ and ü';
  const CONSOLE = 'console-password-by-file';
  let topology: Topology;
  let secretsDir: string;
  const deploy = async (of: Topology) => (await system.everbroker.deploy({ topology: { ...of } })).result();
  const send = (login: Login | null) => sending({ system, topology, group: 'brokerA', queue: 'orders', login });
  const client = (password: string): Login => ({ user: 'orders-app', password });
  const versions = async () =>
    (await system.sh(topology, 'host1', 'cd /usr/local/mqcluster && head -qn 1 */conf/credentials.properties'))
      .trim()
      .split('\n');

  before(async () => {
    secretsDir = join(system.home, 'secrets');
    await mkdir(join(secretsDir, 'team'), { recursive: true });
    await writeFile(join(secretsDir, 'team', 'app'), `${FIRST}\n`);
    await writeFile(join(secretsDir, 'console'), CONSOLE);
    topology = await system.topology(
      {},
      {
        security: {
          console: { user: 'watcher', password: 'file:console' },
          client: { user: 'orders-app', password: 'file:team/app' },
        },
      },
    );
  });

  test('are refused before anything is touched when everybody knows them, are missing, or lie elsewhere', async () => {
    await writeFile(join(secretsDir, 'known'), 'admin');
    await symlink('/etc/hostname', join(secretsDir, 'elsewhere'));
    for (const password of ['file:known', 'file:missing', 'file:elsewhere', 'env:EVERBROKER_MISSING']) {
      const bad = { ...topology, security: { ...topology.security, client: { user: 'app', password } } };
      await assert.rejects(deploy(bad), { type: 'InputRefused' }, password);
    }
    assert.deepEqual(await system.engine.listContainers(topology.name), []);
    assert.deepEqual(await system.engine.listVolumes(topology.name), []);
  });

  test('are used', async () => {
    const result = await deploy(topology);
    assert.equal(result.outcome, 'deployed');
    assert.equal(await send(client(FIRST)), 'accepted');
    const { console: web } = await system.credentials(topology.name);
    assert.deepEqual(web, { user: 'watcher', password: CONSOLE });
  });

  test('that have not changed change nothing', async () => {
    assert.equal((await deploy(topology)).outcome, 'unchanged');
    assert.deepEqual(await versions(), Array(2).fill('# everbroker-credentials-version=1'));
  });

  test('that have changed are brought to every node, and the old ones end', async () => {
    await writeFile(join(secretsDir, 'team', 'app'), SECOND);
    const result = await deploy(topology);
    assert.equal(result.outcome, 'deployed');
    assert.deepEqual(await versions(), Array(2).fill('# everbroker-credentials-version=2'));
    assert.equal(await send(client(SECOND)), 'accepted');
    assert.equal(await send(client(FIRST)), 'refused');
    assert.equal((await deploy(topology)).outcome, 'unchanged');
    const text = [...(await allHistories(system.client)).values()].join('\n') + (await system.workerLog());
    assert.deepEqual(leaksIn(text, { FIRST, SECOND, CONSOLE }), []);
  });

  test('go on when only the user’s name changes, which is a change too', async () => {
    const { security } = topology;
    topology = { ...topology, security: { ...security, client: { ...security.client, user: 'billing-app' } } };
    assert.equal((await deploy(topology)).outcome, 'deployed');
    assert.equal(await send({ user: 'billing-app', password: SECOND }), 'accepted');
    assert.equal(await send(client(SECOND)), 'refused');
  });

  test('are not asked of clients once the topology turns the login off; Everbroker’s own logins go on', async () => {
    topology = { ...topology, security: { ...topology.security, openwireLogin: false } };
    const result = await deploy(topology);
    assert.deepEqual(
      result.checks.filter((check) => !check.ok),
      [],
    );
    assert.equal(await send(null), 'accepted');
    assert.equal(await send({ user: 'admin', password: 'admin' }), 'refused');
    const { console: web } = await system.credentials(topology.name);
    assert.deepEqual(await credentialsCommand(topology), { console: web, client: null });
    const verified = await (await system.everbroker.verify({ cluster: topology.name })).result();
    assert.equal(verified.verdict, 'passed', JSON.stringify(verified.checks.filter((check) => !check.ok)));
  });
});

describe('a topology that somebody sent', () => {
  const refused = async (change: (input: Topology) => unknown, type: string, text: RegExp) => {
    const topology = await system.topology();
    const input = change(topology) as Record<string, unknown>;
    const started = await system.everbroker.deploy({ topology: input });
    await assert.rejects(started.result(), (error: unknown) => {
      assert.ok(error instanceof EverbrokerError);
      assert.equal(error.type, type);
      assert.match(error.message, text);
      return true;
    });
    assert.deepEqual(await system.engine.listContainers(topology.name), []);
    assert.deepEqual(await system.engine.listNetworks(topology.name), []);
  };
  const client = (password: string) => (topology: Topology) => ({
    ...topology,
    security: { client: { user: 'app', password } },
  });
  const sha512 = 'a'.repeat(128);

  for (const reference of [
    'env:PATH',
    'file:/etc/passwd',
    'file:../worker.log',
    'file:a/../../worker.log',
    'plain-text',
  ])
    test(`cannot have ${reference} for a password`, () =>
      refused(client(reference), 'InvalidInput', /security\.client\.password/));

  test('cannot have a variable of the worker’s that it does not have, whatever others it has', () =>
    refused(client('env:EVERBROKER_NO_SUCH_SECRET'), 'InputRefused', /no such variable/));

  for (const file of ['../worker.log', '/etc/passwd', '.hidden', 'a/b'])
    test(`cannot have ActiveMQ or Java from the file ${file}`, async () => {
      const source = { kind: 'file', file, sha512 };
      const of = (key: 'activemq' | 'java') => (topology: Topology) => ({
        ...topology,
        [key]: { ...topology[key], source },
      });
      await refused(of('activemq'), 'InvalidInput', /activemq\.source\.file/);
      await refused(of('java'), 'InvalidInput', /java\.source\.file/);
    });

  test('cannot have the worker reach an engine or a registry that is not its own', async () => {
    const onHost = (part: object) => (topology: Topology) => ({
      ...topology,
      hosts: { host1: { ...topology.hosts['host1'], ...part } },
    });
    await refused(onHost({ engine: 'tcp://127.0.0.1:1' }), 'InputRefused', /EVERBROKER_ALLOWED_ENGINES/);
    await refused(onHost({ image: '127.0.0.1:1/any' }), 'InputRefused', /EVERBROKER_ALLOWED_IMAGES/);
  });

  for (const name of ['../ha-6', '/etc/passwd', 'ha-6.yaml'])
    test(`is not looked for as ${name}`, async () => {
      const started = await system.everbroker.deploy({ topology: name });
      await assert.rejects(started.result(), { type: 'InvalidInput', message: /the worker knows .*ha-6/ });
    });
});

async function credentialsCommand(topology: Topology): Promise<unknown> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['bin/everbroker.mjs', 'credentials', topology.name, '--json'],
    { env: { ...process.env, EVERBROKER_HOME: system.home } },
  );
  return JSON.parse(stdout);
}
