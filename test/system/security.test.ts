import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import type { DeployOutput, PlanOutput } from '../../core/contract.js';
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
      const line = (key: string): string => new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
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

async function credentialsCommand(topology: Topology): Promise<unknown> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['bin/everbroker.mjs', 'credentials', topology.name, '--json'],
    { env: { ...process.env, EVERBROKER_HOME: system.home } },
  );
  return JSON.parse(stdout);
}
