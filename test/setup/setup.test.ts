import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { inputHash, isBuilt, markBuilt } from '../../setup/build-stamp.mjs';
import { DEFAULT_ADDRESS, engineAddress, engineState, whyNotStartable } from '../../setup/docker-engine.mjs';
import { npmPackagesAreCurrent } from '../../setup/npm-packages.mjs';
import { SetupError, all, createProgress, failureText, run } from '../../setup/progress.mjs';
import { isDebianLike } from '../../setup/system-packages.mjs';

const directory = mkdtempSync(join(tmpdir(), 'everbroker-setup-test-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function tree(name: string, files: Record<string, unknown>): string {
  const root = join(directory, name);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return root;
}

describe('npm packages', () => {
  const entry = { version: '1.0.0', integrity: 'sha512-x' };
  const lock = { packages: { '': {}, 'node_modules/a': entry, 'node_modules/mac': { ...entry, optional: true } } };
  const installed = (packages: unknown) => ({
    'package-lock.json': lock,
    'node_modules/.package-lock.json': { packages },
  });

  test('are missing before the first install and after one that was cut off', () => {
    assert.equal(npmPackagesAreCurrent(tree('none', { 'package-lock.json': lock })), false);
  });
  test('are current when all are there but other platforms’', () => {
    assert.equal(npmPackagesAreCurrent(tree('same', installed({ 'node_modules/a': entry }))), true);
  });
  test('are missing when the lock file names another version', () => {
    const older = { 'node_modules/a': { ...entry, version: '0.9.0' } };
    assert.equal(npmPackagesAreCurrent(tree('older', installed(older))), false);
  });
});

describe('the build', () => {
  const sources = { 'probe/src/A.java': 'class A {}', 'dist/probe/everbroker-probe.jar': 'jar' };

  test('is done when the stamp tells of the same sources, whatever their times', () => {
    const root = tree('built', sources);
    assert.equal(isBuilt(root, 'probe'), false);
    markBuilt(root, 'probe', inputHash(root, 'probe'));
    utimesSync(join(root, 'probe/src/A.java'), 1, 1);
    assert.equal(isBuilt(root, 'probe'), true);
  });
  test('is to be done again when a source is changed, added or its output is gone', () => {
    const root = tree('changed', sources);
    const stamp = inputHash(root, 'probe');
    markBuilt(root, 'probe', stamp);
    writeFileSync(join(root, 'probe/src/B.java'), '');
    assert.equal(isBuilt(root, 'probe'), false);
    rmSync(join(root, 'probe/src/B.java'));
    assert.equal(isBuilt(root, 'probe'), true);
    rmSync(join(root, 'dist/probe/everbroker-probe.jar'));
    assert.equal(isBuilt(root, 'probe'), false);
  });
});

describe('the Docker engine', () => {
  test('is the one that docker itself would use: DOCKER_HOST, then the context, then the socket', () => {
    const id = createHash('sha256').update('far').digest('hex');
    const root = tree('docker', {
      'config.json': { currentContext: 'far' },
      [`contexts/meta/${id}/meta.json`]: { Endpoints: { docker: { Host: 'tcp://far:2375' } } },
    });
    assert.equal(engineAddress({ DOCKER_CONFIG: root, DOCKER_HOST: 'tcp://near:2375' }), 'tcp://near:2375');
    assert.equal(engineAddress({ DOCKER_CONFIG: root }), 'tcp://far:2375');
    assert.equal(engineAddress({ DOCKER_CONFIG: root, DOCKER_CONTEXT: 'default' }), DEFAULT_ADDRESS);
    assert.throws(() => engineAddress({ DOCKER_CONFIG: root, DOCKER_CONTEXT: 'gone' }), /context gone/);
  });
  test('is never started in place of another that was asked for', async () => {
    const address = `unix://${join(directory, 'no.sock')}`;
    assert.equal(await engineState(address, {}), 'ENOENT');
    assert.match(whyNotStartable(address, 'ENOENT')?.message ?? '', /no\.sock does not answer \(ENOENT\)/);
  });
  test('is running when it answers a ping', async () => {
    const socket = join(directory, 'engine.sock');
    const server = createServer((_, response) => response.end('OK'));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    assert.equal(await engineState(`unix://${socket}`, {}), 'running');
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('progress', () => {
  test('tells start, end and what still runs, and every failure with what to do', async () => {
    const lines: string[] = [];
    const progress = createProgress({ write: (line) => lines.push(line), stillEveryMs: 5 });
    let finish = (): void => undefined;
    const slow = progress.task('slow', () => new Promise<void>((resolve) => (finish = resolve)));
    const bad = progress.task('bad', () => Promise.reject(new SetupError('it broke', 'mend it')));
    const ended = assert.rejects(all([slow, bad]), /it broke/);
    // setInterval of the progress does not keep the process alive.
    while (!lines.some((line) => line.includes('still: slow'))) await new Promise((resolve) => setTimeout(resolve, 1));
    finish();
    await ended;
    progress.close();
    assert.deepEqual(lines.slice(0, 2), ['> slow', '> bad']);
    assert.match(lines.find((line) => line.startsWith('✗')) ?? '', /^✗ bad \(\d/);
    assert.match(lines.at(-1) ?? '', /^✓ slow \(\d/);
    assert.match(failureText(progress.failures), /bad: it broke\n {2}what to do: mend it/);
  });
  test('keeps the end of a failed command’s output for the message', async () => {
    await assert.rejects(
      run(['sh', '-c', 'echo one; echo two >&2; exit 3'], { whatToDo: 'x' }),
      (error: SetupError) => {
        assert.match(error.message, /ended with 3/);
        assert.match(error.message, /one/);
        assert.match(error.message, /two/);
        return error.whatToDo === 'x';
      },
    );
    await assert.rejects(run(['/no/such/program']), /ENOENT/);
  });
});

test('Debian and its descendants are told from others by os-release', () => {
  assert.ok(isDebianLike('ID=debian\n'));
  assert.ok(isDebianLike('ID=linuxmint\nID_LIKE="ubuntu debian"\n'));
  assert.ok(!isDebianLike('ID=fedora\nID_LIKE="rhel"\n'));
});
