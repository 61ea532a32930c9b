import { after, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { LABEL_CLUSTER } from '../../core/naming.js';
import { openDockerEngine } from '../../hosts/docker-engine.js';
import { openDockerHost } from '../../hosts/docker-host.js';
import { hostContract } from '../support/host-contract.js';

const image = process.env['EVERBROKER_TEST_IMAGE'] ?? 'everbroker/debian:bookworm';
const cluster = `hostcontract-${randomUUID().slice(0, 8)}`;
const subnet = '10.251.78.0/24';
const engine = openDockerEngine();

after(async () => {
  for (const { id } of await engine.listContainers(cluster)) await engine.removeContainer(id, { force: true });
  for (const { id } of await engine.listNetworks(cluster)) await engine.removeNetwork(id);
});

let last = 10;
async function startContainer(command = ['sleep', 'infinity']): Promise<{ id: string; name: string }> {
  const labels = { [LABEL_CLUSTER]: cluster };
  await engine.createNetwork({ name: cluster, subnet, labels });
  const name = `${cluster}-${last}`;
  const base = { name, hostname: 'host', image, labels, network: cluster, ports: [], volumes: [], files: [] };
  const { id } = await engine.createContainer({
    ...base,
    address: `10.251.78.${last++}`,
    command,
    stopTimeoutSeconds: 1,
  });
  await engine.startContainer(id);
  return { id, name };
}

const LOOK = 'for p in /proc/[0-9]*; do [ "$p" = "/proc/$$" ] || tr "\\0" " " < "$p/cmdline"; done 2>/dev/null; true';

hostContract('Docker', async () => {
  const { id, name } = await startContainer();
  const host = openDockerHost({ engine, container: name, name: 'host' });
  return {
    host,
    isRunning: async (word) =>
      (await host.exec(['sh', '-c', LOOK], { timeoutMs: 10_000 })).stdout.includes(`sleep ${word}`),
    remove: () => engine.removeContainer(id, { force: true }),
    unreachable: openDockerHost({ engine: { address: 'unix:///nonexistent.sock' }, container: name, name: 'host' }),
    close: () => host.close(),
  };
});

const isUnreachable = (error: unknown): boolean =>
  error instanceof Error && Reflect.get(error, 'type') === 'HostUnreachable';

describe('Docker: a host', () => {
  for (const how of ['stopped', 'killed', 'restarted'] as const) {
    test(`whose container is ${how} in the middle of a command is HostUnreachable, never a result`, async () => {
      const { id, name } = await startContainer();
      const host = openDockerHost({ engine, container: name, name: 'host' });
      for (let round = 0; round < 3; round++) {
        const commands = [['sleep', '1000'], ['cat'], ['sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait']];
        const input = [undefined, Readable.from(never()), undefined];
        const running = commands.map((argv, i) => host.exec(argv, { timeoutMs: 60_000, stdin: input[i] }));
        const outcomes = Promise.allSettled(running);
        await host.exec(['true'], { timeoutMs: 10_000 });
        if (how === 'killed') await engine.killContainer(id);
        else await engine.stopContainer(id, { seconds: 0 });
        if (how === 'restarted') await engine.startContainer(id);
        for (const outcome of await outcomes) {
          assert.ok(outcome.status === 'rejected' && isUnreachable(outcome.reason), JSON.stringify(outcome));
        }
        await engine.startContainer(id);
      }
      await engine.removeContainer(id, { force: true });
    });
  }

  test('opens a stream to a port inside', async () => {
    const script =
      'use IO::Socket::INET; $s = IO::Socket::INET->new(LocalPort=>4711, Listen=>5, ReuseAddr=>1) or die; while ($c = $s->accept) { print $c "hello\\n"; close $c }';
    const { name } = await startContainer(['perl', '-e', script]);
    const host = openDockerHost({ engine, container: name, name: 'host' });
    const stream = await host.open(4711, { timeoutMs: 10_000 }).catch(async () => {
      // perl may need a moment to listen
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return host.open(4711, { timeoutMs: 10_000 });
    });
    const [data]: unknown[] = await once(stream, 'data');
    assert.equal(String(data), 'hello\n');
    stream.destroy();
  });
});

/** An input that never comes to its end. */
async function* never(): AsyncGenerator<Buffer> {
  await new Promise((resolve) => setTimeout(resolve, 30_000).unref());
  yield Buffer.alloc(0);
}
