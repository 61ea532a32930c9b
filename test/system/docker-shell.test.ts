import { after, before, beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { LABEL_CLUSTER } from '../../core/naming.js';
import { dockerClient } from '../../hosts/docker-client.js';
import { openDockerEngine } from '../../hosts/docker-engine.js';
import { openDockerHost } from '../../hosts/docker-host.js';
import type { CommandResult, Host } from '../../hosts/host.js';

const image = process.env['EVERBROKER_TEST_IMAGE'] ?? 'everbroker/debian:bookworm';
const cluster = `shells-${randomUUID().slice(0, 8)}`;
const engine = openDockerEngine();
const { docker } = dockerClient(engine.address);
const within = { timeoutMs: 30_000 };

const isUnreachable = (error: unknown): boolean =>
  error instanceof Error && Reflect.get(error, 'type') === 'HostUnreachable';

/** Pids of the shells that stand ready: known by what they read first. */
const SHELLS = `for p in /proc/[0-9]*; do
  tr '\\0' '\\n' <"$p/cmdline" 2>/dev/null | grep -q '^while IFS= read -r word; do' && [ "$(sed -n 's/^PPid:\\t//p' "$p/status")" = 0 ] && echo "\${p#/proc/}"
done; true`;

describe('a shell that stands ready in a container', () => {
  let name: string;
  let id: string;
  let host: Host;
  let count = 0;

  before(() => engine.createNetwork({ name: cluster, subnet: '10.251.79.0/24', labels: { [LABEL_CLUSTER]: cluster } }));
  after(async () => {
    for (const { id } of await engine.listContainers(cluster)) await engine.removeContainer(id, { force: true });
    for (const { id } of await engine.listNetworks(cluster)) await engine.removeNetwork(id);
  });
  beforeEach(async () => {
    name = `${cluster}-${++count}`;
    const spec = { name, hostname: 'host', image, labels: { [LABEL_CLUSTER]: cluster }, network: cluster };
    const rest = {
      address: `10.251.79.${10 + count}`,
      ports: [],
      volumes: [],
      files: [],
      command: ['sleep', 'infinity'],
    };
    ({ id } = await engine.createContainer({ ...spec, ...rest, stopTimeoutSeconds: 1 }));
    await engine.startContainer(id);
    host = openDockerHost({ engine, container: name, name: 'host' });
  });

  const sh = (script: string, stdin?: string): Promise<CommandResult> =>
    host.exec(['sh', '-c', script], { ...within, stdin });
  const shells = async (): Promise<string[]> => (await sh(SHELLS)).stdout.split('\n').filter((pid) => pid !== '');

  /** By an exec of its own: a command of the host would run in the very shell. */
  const signal = async (kind: string, pid: string | undefined): Promise<void> => {
    const exec = await docker.getContainer(id).exec({ Cmd: ['sh', '-c', `kill -${kind} ${pid}`], AttachStdout: true });
    const stream = await exec.start({});
    await new Promise((resolve) => stream.resume().once('close', resolve));
  };

  test('runs one command after the other, also for another Host object', async () => {
    const first = await shells();
    assert.equal(first.length, 1);
    for (let i = 0; i < 5; i++) assert.equal((await sh(`exit ${i}`)).exitCode, i);
    host = openDockerHost({ engine, container: name, name: 'again' });
    assert.deepEqual(await shells(), first);
  });

  test('runs one command at a time: others at the same moment get shells of their own, and their own results', async () => {
    const commands = Array.from({ length: 8 }, (_, i) =>
      sh(
        `cat; i=0; while [ $i -lt 2000 ]; do echo "${i} $i"; i=$((i+1)); done; echo end-${i} >&2; exit ${i}`,
        `in-${i}\n`,
      ),
    );
    for (const [i, result] of (await Promise.all(commands)).entries()) {
      const lines = Array.from({ length: 2000 }, (_, line) => `${i} ${line}\n`).join('');
      assert.deepEqual([result.exitCode, result.stderr, result.stdout], [i, `end-${i}\n`, `in-${i}\n${lines}`]);
    }
  });

  test('hands over output as it is, whatever it ends with', async () => {
    for (const text of ['', 'a', 'a\n', '\n', '\n\n', '\neverbroker-', '\neverbroker-0 0\n'])
      assert.deepEqual(await printed(text), [text, text], JSON.stringify(text));
  });
  const printed = async (text: string): Promise<string[]> => {
    const { stdout, stderr } = await host.exec(['sh', '-c', 'printf %s "$1"; printf %s "$1" >&2', 'sh', text], within);
    return [stdout, stderr];
  };

  test('hands over arguments as they are, also those that look like its own', async () => {
    const odd = ['', ' ', "'", '"', '\\', '\\\\n', '$n', `'"$n"'`, 'a\nb', '\n', '-', '*', '`id`', 'ü\n€', '"$@"'];
    const { stdout } = await host.exec(['sh', '-c', 'for a; do printf "%s|" "$a"; done', 'sh', ...odd], within);
    assert.equal(stdout, odd.map((word) => `${word}|`).join(''));
  });

  test('takes nothing of an input that a command left unread for a command', async () => {
    const input = Array.from({ length: 5000 }, (_, i) => `touch /tmp/run-${i}\n`).join('');
    assert.equal((await sh('true', input)).exitCode, 0);
    assert.equal((await sh('head -n 1', input)).stdout, 'touch /tmp/run-0\n');
    assert.equal((await sh('wc -c', input)).stdout.trim(), String(input.length));
    assert.equal((await sh('ls /tmp')).stdout, '');
  });

  test('counts an input in another way where dd cannot', async () => {
    const script = 'rm "$(command -v dd)"; printf "#!/bin/sh\nexit 1\n" >/usr/bin/dd && chmod 0755 /usr/bin/dd';
    assert.equal((await sh(script)).exitCode, 0);
    await signal('KILL', (await shells())[0]);
    const input = 'x'.repeat(300_000);
    assert.equal((await sh('head -c 1 | wc -c', input)).stdout.trim(), '1');
    assert.equal((await sh('wc -c', input)).stdout.trim(), '300000');
  });

  test('is not used again after a command that had to be killed', async () => {
    const [before] = await shells();
    const killed = await host.exec(['sh', '-c', 'echo begun; trap "" TERM; sleep 1000'], { timeoutMs: 300 });
    assert.deepEqual([killed.timedOut, killed.stdout], [true, 'begun\n']);
    const now = await shells();
    assert.equal(now.length, 1);
    assert.notEqual(now[0], before);
  });

  test('that was killed is replaced by another', async () => {
    const [before] = await shells();
    await signal('KILL', before);
    assert.equal((await sh('echo alive')).stdout, 'alive\n');
    assert.ok(!(await shells()).includes(before ?? ''));
  });

  test('that was stopped is given up, and what it was to run runs once', async () => {
    const [before] = await shells();
    await signal('STOP', before);
    await sh('echo once >>/tmp/count');
    await sh(`kill -CONT ${before}`);
    await delay(500);
    assert.equal((await sh('cat /tmp/count')).stdout, 'once\n');
  });

  test('of a paused container refuses its command at once, which never runs', async () => {
    await shells();
    await docker.getContainer(id).pause();
    await assert.rejects(
      sh('touch /tmp/late'),
      (error: unknown) => isUnreachable(error) && /paused/.test(String(error)),
    );
    await docker.getContainer(id).unpause();
    await delay(500);
    assert.equal((await sh('ls /tmp')).stdout, '');
  });

  test('is opened anew in a container that was started again', async () => {
    assert.equal((await shells()).length, 1);
    await engine.stopContainer(id, { seconds: 0 });
    await assert.rejects(sh('true'), isUnreachable);
    await engine.startContainer(id);
    assert.equal((await sh('echo again')).stdout, 'again\n');
  });

  test('ends with the process that opened it', async () => {
    const script = `import { openDockerHost } from './hosts/docker-host.ts';
      const host = openDockerHost({ engine: { address: '${engine.address}' }, container: '${name}', name: 'host' });
      console.log((await host.exec(['echo', 'opened'], { timeoutMs: 30_000 })).stdout);
      setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
    child.stderr.pipe(process.stderr);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const mine = (await shells()).length;
    assert.equal(mine, 2);
    child.kill('SIGKILL');
    for (let round = 0; (await shells()).length > 1; round++) {
      assert.ok(round < 100, 'it runs on');
      await delay(50);
    }
  });

  test('does not keep a process from ending', async () => {
    const script = `import { openDockerHost } from './hosts/docker-host.ts';
      const host = openDockerHost({ engine: { address: '${engine.address}' }, container: '${name}', name: 'host' });
      await host.exec(['true'], { timeoutMs: 30_000 });
      setTimeout(() => console.log('still here'), 5000).unref();`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await new Promise((resolve) => child.once('close', resolve));
    assert.equal(text, '');
  });
});
