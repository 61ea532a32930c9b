/** Links that are cut for real, at random points, so many times. */
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Host } from '../../hosts/host.js';
import { archiveOf } from '../../hosts/archive.js';
import { openSshHost } from '../../hosts/ssh-host.js';
import { closeSshConnections } from '../../hosts/ssh-pool.js';
import { TREE_MARK } from '../../core/layout.js';
import { putFiles, putTree, readFile } from '../../hosts/transfer.js';
import { cuttableLink, type CuttableLink } from './ssh-cuttable-link.js';
import { startSshHosts, type SshHosts, type SshHostsOptions } from './ssh-hosts.js';
import { loginTo } from './ssh-routes.js';

const within = { timeoutMs: 120_000 };
const MB = 1024 * 1024;

const isUnreachable = (error: unknown): boolean =>
  error instanceof Error && Reflect.get(error, 'type') === 'HostUnreachable';

/** The error of a promise that must not be kept. */
async function failureOf(work: Promise<unknown>): Promise<unknown> {
  const result = await work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  assert.ok('error' in result, 'it succeeded over a cut link');
  return result.error;
}

export function linkTests(subnet: SshHostsOptions['subnet'], times: { cut: number; freeze: number }): void {
  let machines: SshHosts;
  let link: CuttableLink;
  let host: Host;
  let inside: Host;

  before(async () => {
    machines = await startSshHosts({ subnet: subnet });
    const [machine] = machines.hosts;
    assert.ok(machine);
    inside = machine.inside;
    link = await cuttableLink({ address: machine.address, port: 22 });
    host = openSshHost({ name: 'far', login: loginTo(machines, { address: '127.0.0.1', port: link.port }), jumps: [] });
  });
  after(async () => {
    await closeSshConnections();
    await link?.close();
    await machines?.close();
  });

  const countOf = async (word: string): Promise<number> => {
    const look = `n=0; for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline 2>/dev/null | grep -q "^sleep ${word}" && n=$((n+1)); done; echo $n`;
    return Number((await inside.exec(['sh', '-c', look], within)).stdout);
  };

  const begun = async (word: string): Promise<void> => {
    for (const deadline = Date.now() + 20_000; (await countOf(word)) === 0; await delay(20)) {
      assert.ok(Date.now() < deadline, `sleep ${word} did not begin`);
    }
  };

  for (const how of ['cut', 'freeze'] as const) {
    const rounds = times[how];
    describe(`a link that is ${how === 'cut' ? 'cut' : 'frozen'}`, () => {
      test(`in the middle of a transfer of 40 MB, ${rounds} times: HostUnreachable, and the next call is a new connection`, async () => {
        const files = [0, 1, 2, 3].map((i) => ({ path: String(i), content: randomBytes(10 * MB), mode: 0o644 }));
        const archive = await archiveOf([...files, { path: TREE_MARK, content: '', mode: 0o644 }]);
        const place = { tree: '/srv/tree', part: '/srv/tree.part' };
        await host.exec(['rm', '-rf', place.tree], within);
        for (let round = 0; round < rounds; round++) {
          const before = link.bytes();
          const at = Math.floor(Math.random() * archive.length * 0.9);
          const watch = setInterval(() => {
            if (link.bytes() - before >= at) link[how]();
          }, 1);
          const sent = putTree(host, Readable.from([archive]), place, within);
          const error = await failureOf(sent).finally(() => clearInterval(watch));
          assert.ok(isUnreachable(error), String(error));
          assert.notEqual((await host.exec(['ls', place.tree], within)).exitCode, 0);
        }
        await putTree(host, Readable.from([archive]), place, within);
        assert.equal((await host.exec(['stat', '-c', '%s', '/srv/tree/3'], within)).stdout.trim(), String(10 * MB));
      });

      test(`while files are replaced, ${rounds} times: each is whole, old or new, and nothing else is left`, async () => {
        const paths = ['/srv/pair/a', '/srv/pair/b'];
        const contents = (text: string) => paths.map((path) => ({ path, content: text.repeat(3 * MB), mode: 0o600 }));
        await putFiles(host, contents('0'), within);
        for (let round = 1; round <= rounds; round++) {
          const text = String(round % 10);
          const sent = putFiles(host, contents(text), within);
          const cutting = delay(Math.random() * 60).then(() => link[how]());
          const [outcome] = await Promise.allSettled([sent, cutting]);
          if (outcome.status === 'rejected') assert.ok(isUnreachable(outcome.reason), String(outcome.reason));
          assert.equal((await host.exec(['true'], within)).exitCode, 0);
          for (const path of paths) {
            const now = (await readFile(host, path, { ...within, maxBytes: 4 * MB })) ?? '';
            assert.equal(now.length, 3 * MB, path);
            assert.equal(now, (now[0] ?? '').repeat(3 * MB), path);
          }
          assert.equal((await host.exec(['ls', '-A', '/srv/pair'], within)).stdout, 'a\nb\n');
        }
      });

      test(`during a long command, ${rounds} times: never a result, and it is over before the next command begins`, async () => {
        for (let round = 0; round < rounds; round++) {
          const word = `4${how === 'cut' ? 1 : 2}.${1000 + round}`;
          const running = host.exec(['sh', '-c', `echo begun; sleep ${word} & sleep ${word}`], within);
          // Before it has begun, a cut only sends it over another connection.
          const cutting = begun(word)
            .then(() => delay(Math.random() * 200))
            .then(() => link[how]());
          const error = await failureOf(running);
          await cutting;
          assert.ok(isUnreachable(error), String(error));
          await host.exec(['true'], within);
          assert.equal(await countOf(word), 0, `round ${round}`);
        }
      });

      test('under many commands at once fails them all or runs them well', async () => {
        const all = Array.from({ length: 25 }, (_, i) => host.exec(['sh', '-c', `sleep 0.1; echo ${i}`], within));
        await delay(150);
        link[how]();
        for (const [i, outcome] of (await Promise.allSettled(all)).entries()) {
          if (outcome.status === 'rejected') assert.ok(isUnreachable(outcome.reason), String(outcome.reason));
          else assert.deepEqual([outcome.value.exitCode, outcome.value.stdout], [0, `${i}\n`]);
        }
        assert.equal((await host.exec(['echo', 'there'], within)).stdout, 'there\n');
      });
    });
  }

  test('an open port breaks with an error when the link does, not with an end', async () => {
    const stream = await host.open(22, { timeoutMs: 10_000 });
    stream.resume();
    const broken = new Promise<unknown>((resolve) => {
      stream.once('error', resolve);
      stream.once('end', () => resolve('an end'));
    });
    link.cut();
    assert.ok((await broken) instanceof Error, String(await broken));
    assert.ok(await host.open(22, { timeoutMs: 10_000 }).then((other) => other.destroy()));
  });

  test('a host that was restarted is reached again, without an error when nothing ran', async () => {
    assert.equal((await host.exec(['echo', '1'], within)).stdout, '1\n');
    await machines.hosts[0]?.restart();
    assert.equal((await host.exec(['echo', '2'], within)).stdout, '2\n');
  });
}
