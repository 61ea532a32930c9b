/** The command line on the real thing: one small cluster through its whole life. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { AGENT_FILE } from '../../core/layout.js';
import { containerName } from '../../core/naming.js';
import type { Topology } from '../../core/topology/topology.js';
import { openDockerEngine } from '../../hosts/docker-engine.js';
import { openDockerHost } from '../../hosts/docker-host.js';
import { Cli, type Running } from '../support/cli.js';
import { clusterInput, removeCluster, until } from '../support/system.js';
import { parsed } from '../support/topologies.js';

const engine = openDockerEngine();
let cli: Cli;
let topology: Topology;
let file = '';
before(async () => {
  cli = await Cli.open();
  topology = parsed(await clusterInput({}));
  file = await written('cluster', topology);
});
after(async () => {
  await cli.close();
  await removeCluster(engine, topology.name);
});

async function written(name: string, content: Topology): Promise<string> {
  const path = join(cli.home, `${name}.json`);
  await writeFile(path, JSON.stringify(content));
  return path;
}

const sh = (script: string): Promise<{ exitCode: number | null; stdout: string }> =>
  openDockerHost({ engine, container: containerName(topology, 'host1'), name: 'host1' }).exec(['sh', '-c', script], {
    timeoutMs: 30_000,
  });

describe('everbroker', () => {
  test('plan shows the steps with reasons, and does nothing', async () => {
    const { code, stdout } = await cli.run('plan', file);
    assert.equal(code, 0);
    assert.match(stdout, /mq1 · start as master of brokerA\n {6}because it does not run/);
    assert.deepEqual(await engine.listContainers(topology.name), []);
    const { data } = await cli.json('plan', file);
    assert.ok(Array.isArray(data['steps']) && data['steps'].length > 8);
  });

  test('deploy shows its steps as plain lines and what a user needs to go on', async () => {
    const { code, stdout, stderr } = await cli.run('deploy', file);
    assert.equal(code, 0, stderr);
    assert.ok(!`${stdout}${stderr}`.includes('\u001b'), 'no terminal, no escapes');
    assert.match(stderr, /^✔ +\d+\.\d s {2}host1 {2}mq1 · start as master of brokerA +master after /m);
    assert.match(stderr, /^✔ +\d+\.\d s {2}host1 {2}create container with address /m);
    assert.match(stdout, /is deployed and proven \(/);
    const [mq1, mq2] = Object.values(topology.groups['brokerA']?.nodes ?? {});
    assert.ok(mq1 && mq2);
    assert.match(
      stdout,
      new RegExp(`^mq1 +brokerA +host1 .* master +${mq1.openwire} +http://127.0.0.1:${mq1.console}/admin$`, 'm'),
    );
    assert.ok(
      stdout.includes(`failover:(tcp://127.0.0.1:${mq1.openwire},tcp://127.0.0.1:${mq2.openwire})?randomize=false`),
    );
    assert.ok(stdout.includes(`npx everbroker credentials ${topology.name}`));
    assert.match(
      stdout,
      /this run in the Temporal UI: http:\/\/127\.0\.0\.1:\d+\/namespaces\/default\/workflows\/deploy-\S+\/history$/m,
    );
  });

  test('deploy again says that nothing changed; as JSON it is one document', async () => {
    const { code, stdout } = await cli.run('deploy', file);
    assert.equal(code, 0);
    assert.match(stdout, /is as its topology says: nothing changed/);
    const again = await cli.json('deploy', file);
    assert.equal(again.code, 0);
    assert.equal(again.data['outcome'], 'unchanged');
    assert.equal(typeof again.data['ui'], 'string');
  });

  test('credentials gives the logins', async () => {
    const { data } = await cli.json('credentials', topology.name);
    assert.deepEqual(Object.keys(data), ['console', 'client']);
    assert.match(
      (await cli.run('credentials', topology.name)).stdout,
      /^console: ops \/ \S+\nclient: {2}app \/ \S+\n$/,
    );
  });

  test('verify and status tell a whole cluster from a broken one by text, JSON and exit code', async () => {
    const whole = await cli.json('verify', topology.name);
    assert.deepEqual([whole.code, whole.data['verdict']], [0, 'passed']);
    assert.equal((await cli.json('status', topology.name)).data['healthy'], true);
    await sh(`sh ${AGENT_FILE} down mq2`);
    const broken = await cli.run('verify', topology.name);
    assert.equal(broken.code, 8);
    assert.match(broken.stdout, /^✖ .*mq2/m);
    assert.match(broken.stdout, /verification failed/);
    assert.equal((await cli.json('status', topology.name)).code, 8);
    assert.equal((await cli.run('deploy', file)).code, 0);
    assert.equal((await cli.run('status', topology.name)).code, 0);
  });

  test('status --watch looks again and again, until Ctrl-C', async () => {
    const watching = cli.start('status', topology.name, '--watch', '--json');
    await until('two looks', () => watching.stdout().trim().split('\n').length >= 2, 60_000);
    watching.child.kill('SIGINT');
    const { code, stdout } = await watching.ended;
    assert.equal(code, 0);
    for (const line of stdout.trim().split('\n'))
      assert.equal((JSON.parse(line) as { healthy: boolean }).healthy, true);
  });

  test('a second operation on the cluster is refused with who has it; Ctrl-C cancels the first at a clean point', async () => {
    const changed = structuredClone(topology);
    changed.limits.heap.maxMb = 200;
    const first = cli.start('deploy', await written('changed', changed));
    await until('a step has ended', () => /^✔/m.test(first.stderr()));
    const second = await cli.json('deploy', file);
    assert.equal(second.code, 3);
    assert.match(JSON.stringify(second.data), /ClusterBusy.*deploy by deploy-/);
    first.child.kill('SIGINT');
    const { code, stdout, stderr } = await first.ended;
    assert.equal(code, 9, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, /cancelling deploy-\S+ at the next clean point \(once more: leave it running\)/);
    assert.match(stderr, /Aborted: the operation was cancelled/);
    assert.equal((await cli.run('deploy', file)).code, 0);
  });

  test('a second Ctrl-C leaves the operation running', async () => {
    const changed = structuredClone(topology);
    changed.limits.heap.maxMb = 210;
    const running = cli.start('deploy', await written('changed', changed));
    await until('it runs', () => running.stderr().includes('workflow deploy-'));
    await interruptTwice(running);
    const { code, stderr } = await running.ended;
    assert.equal(code, 130);
    assert.match(stderr, /interrupted; deploy-\S+ is cancelled and runs on/);
    await until('the cluster is free again', async () => (await cli.run('deploy', file)).code === 0, 120_000);
  });

  test('a failed step is shown with its reason, and the exit code is that of the fault', async () => {
    const changed = structuredClone(topology);
    changed.activemq.source = { kind: 'file', file: 'no-such.tar.gz', sha512: 'a'.repeat(128) };
    const { code, stderr } = await cli.run('deploy', await written('no-source', changed));
    assert.equal(code, 6);
    assert.match(stderr, /ArtefactUnavailable: no-such\.tar\.gz is not in the artefact cache/);
    assert.match(stderr, /→ See the network, or put the file into the artefact cache by hand\./);
  });

  test('down ends server and worker, the cluster stays and is found again', async () => {
    const { data } = await cli.json('down');
    assert.deepEqual(data, { worker: true, temporal: true });
    assert.deepEqual((await cli.json('down')).data, { worker: false, temporal: false });
    assert.equal((await sh(`sh ${AGENT_FILE} observe /usr/local/mqcluster 7616 >/dev/null`)).exitCode, 0);
    const status = await cli.json('status', topology.name);
    assert.deepEqual([status.code, status.data['healthy']], [0, true]);
  });

  test('destroy removes nothing unasked, then all but the data, then that too', async () => {
    assert.equal((await cli.run('destroy', topology.name)).code, 2);
    assert.equal((await engine.listContainers(topology.name)).length, 1);
    const kept = await cli.run('destroy', topology.name, '--yes');
    assert.equal(kept.code, 0);
    assert.match(kept.stdout, /kept, because they hold data: .* \(--delete-data removes them\)/);
    const all = await cli.json('destroy', file, '--yes', '--delete-data');
    assert.deepEqual([all.code, all.data['kept']], [0, []]);
    assert.deepEqual(await engine.listVolumes(topology.name), []);
    assert.equal((await cli.json('status', topology.name)).code, 2);
  });
});

async function interruptTwice(running: Running): Promise<void> {
  running.child.kill('SIGINT');
  await until('the first is heard', () => running.stderr().includes('cancelling'));
  running.child.kill('SIGINT');
}
