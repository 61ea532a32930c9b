/** What every Host must do, be it a fake, a container or a machine behind SSH. */
import { after, before, describe, test, type TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Host } from '../../hosts/host.js';
import type { InputFile } from '../../hosts/input.js';
import { TREE_MARK } from '../../core/layout.js';
import { putFiles, putTree, readFile } from '../../hosts/transfer.js';
import { archiveOf } from '../../hosts/archive.js';

export interface HostUnderTest {
  host: Host;
  /** Whether a process with this word in its argv runs on the host. */
  isRunning(word: string): Promise<boolean>;
  /** Takes the host away for good, as if it were removed behind our back. */
  remove(): Promise<void>;
  /** A host whose machine does not answer at all. */
  unreachable: Host;
  close(): Promise<void>;
}

const within = { timeoutMs: 60_000 };

const isUnreachable = (error: unknown): boolean =>
  error instanceof Error && Reflect.get(error, 'type') === 'HostUnreachable';

/** Bytes in small pieces that cut characters in two. */
const inPieces = (text: string, size: number): Readable => {
  const bytes = Buffer.from(text);
  const count = Math.ceil(bytes.length / size);
  return Readable.from(Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size)));
};

const zeros = (chunks: number): Readable =>
  Readable.from(
    (function* () {
      for (let i = 0; i < chunks; i++) yield Buffer.alloc(64 * 1024);
    })(),
  );

/** A file of this machine, as long as a test needs it. */
async function fileOf(t: TestContext, text: string): Promise<InputFile> {
  const directory = await mkdtemp(join(tmpdir(), 'everbroker-input-'));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'input');
  await writeFile(path, text);
  return { path, bytes: Buffer.byteLength(text) };
}

/** Polls: the end of a killed process may be noticed a moment later. */
async function eventually(claim: () => Promise<boolean>, message: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await claim())) {
    assert.ok(Date.now() < deadline, message);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function hostContract(kind: string, open: () => Promise<HostUnderTest>): void {
  describe(`${kind}: a host`, () => {
    let subject: HostUnderTest;
    let host: Host;
    before(async () => {
      subject = await open();
      host = subject.host;
    });
    after(() => subject.close());

    test('reports the exit code, and does not throw on a bad one', async () => {
      assert.equal((await host.exec(['true'], within)).exitCode, 0);
      assert.equal((await host.exec(['sh', '-c', 'exit 7'], within)).exitCode, 7);
      assert.equal((await host.exec(['no-such-command'], within)).exitCode, 127);
    });

    test('keeps stdout and stderr apart', async () => {
      const { stdout, stderr } = await host.exec(['sh', '-c', 'echo out; echo err >&2'], within);
      assert.deepEqual({ stdout, stderr }, { stdout: 'out\n', stderr: 'err\n' });
    });

    test('hands over arguments untouched', async () => {
      const args = [
        'with space',
        `"double" 'single'`,
        'two\nlines',
        '$HOME `id` \\ *',
        'grüße 🐇',
        '-n',
        '',
        '; false',
      ];
      const result = await host.exec(['printf', '%s\\0', ...args], within);
      assert.deepEqual(result.stdout.split('\0').slice(0, -1), args);
      assert.deepEqual(result.argv, ['printf', '%s\\0', ...args]);
    });

    test('gives a command without input an empty one', async () => {
      const { exitCode, stdout } = await host.exec(['cat'], within);
      assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: '' });
    });

    test('closes the input at its end, whatever it is made of', async () => {
      for (const stdin of ['grün', Buffer.from('grün'), inPieces('grün', 1), '']) {
        const expected = stdin === '' ? '' : 'grün';
        assert.equal((await host.exec(['cat'], { ...within, stdin })).stdout, expected);
      }
    });

    test('reads an input of any length from a file', async (t) => {
      for (const lines of [0, 1, 900_000]) {
        const text = Array.from({ length: lines }, (_, i) => `line ${i}\n`).join('');
        const stdin = await fileOf(t, text);
        const { stdout } = await host.exec(['cat'], { ...within, stdin, maxOutputBytes: 16 * 1024 * 1024 });
        assert.ok(stdout === text, `${stdout.length} characters instead of ${text.length}`);
        assert.equal((await host.exec(['true'], { ...within, stdin })).exitCode, 0);
      }
    });

    test('does not pass a file off as an input that it no longer is', async (t) => {
      const { path, bytes } = await fileOf(t, 'a'.repeat(600_000));
      for (const other of [bytes + 1, bytes - 1])
        await assert.rejects(host.exec(['cat'], { ...within, stdin: { path, bytes: other } }), /no longer \d+ bytes/);
      await assert.rejects(host.exec(['cat'], { ...within, stdin: { path: `${path}-gone`, bytes } }), /ENOENT/);
      assert.equal((await host.exec(['wc', '-c'], { ...within, stdin: { path, bytes } })).stdout.trim(), '600000');
    });

    test('puts characters together that were split on the way', async () => {
      const text = '€'.repeat(200_000);
      assert.equal((await host.exec(['cat'], { ...within, stdin: inPieces(text, 32_768) })).stdout, text);
    });

    test('streams an input of 50 MB', async () => {
      const { stdout } = await host.exec(['wc', '-c'], { ...within, stdin: zeros(800) });
      assert.equal(stdout.trim(), String(800 * 64 * 1024));
    });

    test('hands over 10 MB of output whole, with characters of every length, and the exit code after it', async () => {
      const line = 'aü€🐇\n';
      const copies = Math.ceil((10 * 1024 * 1024) / Buffer.byteLength(line));
      const script = `yes 'aü€🐇' | head -n ${copies}; echo end >&2; exit 3`;
      const options = { ...within, maxOutputBytes: 16 * 1024 * 1024 };
      const { exitCode, stdout, stderr, truncated } = await host.exec(['sh', '-c', script], options);
      assert.deepEqual({ exitCode, stderr, truncated }, { exitCode: 3, stderr: 'end\n', truncated: false });
      assert.ok(stdout === line.repeat(copies), `${stdout.length} characters instead of ${copies * 6}`);
    });

    test('keeps the end of a long output, within its bound and in whole characters', async () => {
      const { stdout, truncated } = await host.exec(['seq', '1', '1400000'], { ...within, maxOutputBytes: 100_000 });
      assert.ok(truncated);
      assert.equal(Buffer.byteLength(stdout), 100_000);
      assert.ok(stdout.endsWith('\n1399999\n1400000\n'));
      const euros = await host.exec(['cat'], { ...within, stdin: '€'.repeat(100), maxOutputBytes: 10 });
      assert.equal(euros.stdout, '€€€');
      assert.equal((await host.exec(['true'], within)).truncated, false);
    });

    test('survives a command that ends before it has read its input', async () => {
      const { exitCode } = await host.exec(['false'], { ...within, stdin: zeros(200) });
      assert.equal(exitCode, 1);
    });

    test('does not pass a broken input off as its end', async () => {
      const broken = new Readable({ read: () => undefined });
      broken.push('half');
      setImmediate(() => broken.destroy(new Error('the source broke')));
      await assert.rejects(host.exec(['cat'], { ...within, stdin: broken }), /the source broke/);
    });

    test('kills a command and its children when the time is over, and says so', async () => {
      const argv = ['sh', '-c', 'sleep 31337.1 & sleep 31337.1'];
      const result = await host.exec(argv, { timeoutMs: 300 });
      assert.equal(result.timedOut, true);
      assert.notEqual(result.exitCode, 0);
      await eventually(async () => !(await subject.isRunning('31337.1')), 'an orphan runs on');
    });

    test('kills a command and its children when cancelled, and throws the reason', async () => {
      const controller = new AbortController();
      const reason = new Error('changed my mind');
      const running = host.exec(['sh', '-c', 'sleep 31337.2 & sleep 31337.2'], {
        ...within,
        signal: controller.signal,
      });
      void eventually(() => subject.isRunning('31337.2'), 'it did not start').finally(() => controller.abort(reason));
      await assert.rejects(running, reason);
      await eventually(async () => !(await subject.isRunning('31337.2')), 'an orphan runs on');
    });

    test('kills a command whose input breaks, and its children', async () => {
      const broken = new Readable({ read: () => undefined });
      const argv = ['sh', '-c', 'sleep 31337.4 & sleep 31337.4'];
      const running = host.exec(argv, { ...within, stdin: broken });
      void eventually(() => subject.isRunning('31337.4'), 'it did not start').finally(() =>
        broken.destroy(new Error('the source broke')),
      );
      await assert.rejects(running, /the source broke/);
      await eventually(async () => !(await subject.isRunning('31337.4')), 'an orphan runs on');
    });

    test('does not begin what is already cancelled', async () => {
      const reason = new Error('changed my mind before');
      await assert.rejects(host.exec(['true'], { ...within, signal: AbortSignal.abort(reason) }), reason);
    });

    test('runs twenty commands at once', async () => {
      const all = Array.from({ length: 20 }, (_, i) => host.exec(['cat'], { ...within, stdin: `input ${i}` }));
      const outputs = (await Promise.all(all)).map(({ stdout }) => stdout);
      assert.deepEqual(
        outputs,
        Array.from({ length: 20 }, (_, i) => `input ${i}`),
      );
    });

    test('kills one command while as many run as the host takes at once', async () => {
      const busy = new AbortController();
      setMaxListeners(20, busy.signal);
      const others = Array.from({ length: 12 }, () =>
        host.exec(['sleep', '31337.5'], { ...within, signal: busy.signal }).catch(() => undefined),
      );
      await eventually(() => subject.isRunning('31337.5'), 'they did not start');
      busy.abort(new Error('enough'));
      await Promise.all(others);
      await eventually(async () => !(await subject.isRunning('31337.5')), 'an orphan runs on');
    });

    test('takes files whole, replaces them, and makes their directories', async () => {
      const path = '/srv/contract/deep down/fi le';
      assert.equal(await readFile(host, path, within), null);
      const other = { path: '/srv/contract/grün', content: 'ü', mode: 0o600, uid: 61616, gid: 61616 };
      await putFiles(host, [{ path, content: 'one', mode: 0o644 }, other], within);
      await putFiles(host, [{ path, content: Buffer.from('two\n'), mode: 0o640 }], within);
      assert.equal(await readFile(host, path, within), 'two\n');
      assert.equal(await readFile(host, other.path, within), 'ü');
      const stat = ['stat', '-c', '%a %u %g', path, other.path, '/srv/contract/deep down'];
      assert.equal((await host.exec(stat, within)).stdout, '640 0 0\n600 61616 61616\n755 0 0\n');
      assert.equal((await host.exec(['ls', '-A', '/srv/contract'], within)).stdout, 'deep down\ngrün\n');
    });

    test('keeps every old file when a transfer is cut, and leaves nothing of it behind', async () => {
      const pair = (content: string) =>
        ['/srv/cut/a', '/srv/cut/b'].map((path) => ({ path, content: content.repeat(512), mode: 0o600 }));
      await putFiles(host, pair('o'), within);
      // Header and content of the first file are whole, and tar takes the missing rest for the end.
      const cut: Host = {
        name: host.name,
        exec: (argv, options) =>
          host.exec(argv, { ...options, stdin: Buffer.isBuffer(options.stdin) ? options.stdin.subarray(0, 1024) : '' }),
        open: (port, options) => host.open(port, options),
        close: () => host.close(),
      };
      await assert.rejects(putFiles(cut, pair('n'), within), /cut/);
      for (const path of ['/srv/cut/a', '/srv/cut/b']) {
        assert.equal(await readFile(host, path, within), 'o'.repeat(512));
      }
      assert.equal((await host.exec(['ls', '-A', '/srv/cut'], within)).stdout, 'a\nb\n');
    });

    test('puts a tree in the place of an older one, and nothing of one that was cut', async () => {
      const place = { tree: '/srv/tree', part: '/srv/tree.part' };
      const sent = (names: string[]) =>
        archiveOf(names.map((path) => ({ path, content: path, mode: 0o644, uid: 1000 }))).then((archive) =>
          putTree(host, Readable.from([archive]), place, within),
        );
      await sent(['old', TREE_MARK]);
      await assert.rejects(sent(['keep']), /cut/);
      assert.equal(await readFile(host, '/srv/tree/old', within), 'old');
      await sent(['keep', 'sub/also', TREE_MARK]);
      assert.equal(await readFile(host, '/srv/tree/old', within), null);
      assert.equal(await readFile(host, '/srv/tree/sub/also', within), 'sub/also');
      assert.equal((await host.exec(['stat', '-c', '%a %u %g', '/srv/tree/keep'], within)).stdout, '644 0 0\n');
    });

    test('that does not answer is HostUnreachable', async () => {
      await assert.rejects(subject.unreachable.exec(['true'], within), isUnreachable);
      await assert.rejects(subject.unreachable.open(61616, within), isUnreachable);
    });

    test('is HostUnreachable for a port on which nobody listens', async () => {
      await assert.rejects(host.open(1, within), isUnreachable);
    });

    test('that goes away in the middle of a command is HostUnreachable, and from then on', async () => {
      const running = host.exec(['sleep', '31337.3'], within);
      void eventually(() => subject.isRunning('31337.3'), 'it did not start').finally(() => subject.remove());
      await assert.rejects(running, isUnreachable);
      await assert.rejects(host.exec(['true'], within), isUnreachable);
    });
  });
}
