import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { OWNER_FILE } from '../../core/layout.js';
import { ownedBy } from '../../hosts/owned-host.js';
import { putFiles, readFile } from '../../hosts/transfer.js';
import { FakeHost } from '../support/fake-host.js';
import { hostContract } from '../support/host-contract.js';

const within = { timeoutMs: 5_000 };
const isType = (type: string) => (error: unknown) => error instanceof Error && Reflect.get(error, 'type') === type;

hostContract('fake', () => {
  const host = new FakeHost();
  host.on(
    ([, , script = '']) => script.startsWith('yes '),
    ({ argv: [, , script = ''], stdout, stderr }) => {
      const [, text = '', count] = /^yes '(.*)' \| head -n (\d+); echo end >&2; exit 3$/.exec(script) ?? [];
      stdout(`${text}\n`.repeat(Number(count)));
      stderr('end\n');
      return 3;
    },
  );
  const unreachable = new FakeHost('nowhere');
  unreachable.setUnreachable();
  return Promise.resolve({
    host,
    isRunning: (word) => Promise.resolve(host.isRunning(word)),
    remove: () => Promise.resolve(host.setUnreachable()),
    unreachable,
    close: () => host.close(),
  });
});

describe('the knobs of the fake host', () => {
  test('failNextExec fails one command, and only one that matches', async () => {
    const host = new FakeHost();
    host.failNextExec({ exitCode: 5, stderr: 'no space' }, ['cat']);
    assert.equal((await host.exec(['true'], within)).exitCode, 0);
    const failed = await host.exec(['cat'], within);
    assert.deepEqual([failed.exitCode, failed.stderr], [5, 'no space']);
    assert.equal((await host.exec(['cat'], within)).exitCode, 0);
  });

  test('dropLinkDuring does the work and loses the result', async () => {
    const host = new FakeHost();
    host.dropLinkDuring(['sh', '-c']);
    await assert.rejects(
      putFiles(host, [{ path: '/a', content: 'x', mode: 0o600 }], within),
      isType('HostUnreachable'),
    );
    assert.equal(await readFile(host, '/a', within), 'x');
  });

  test('hang runs until it is killed', async () => {
    const host = new FakeHost();
    host.hang(['true']);
    assert.equal((await host.exec(['true'], { timeoutMs: 20 })).timedOut, true);
  });
});

describe('a host that is owned', () => {
  test('runs commands for its owner and shows them as they were given', async () => {
    const host = new FakeHost();
    host.files.write(OWNER_FILE, 'mine\n');
    const result = await ownedBy(host, 'mine').exec(['cat'], { ...within, stdin: 'in' });
    assert.deepEqual([result.argv, result.stdout], [['cat'], 'in']);
  });

  test('refuses everybody else, who learns whose it is, and changes nothing', async () => {
    const host = new FakeHost();
    host.files.write(OWNER_FILE, 'theirs\n');
    const mine = ownedBy(host, 'mine');
    await assert.rejects(putFiles(mine, [{ path: '/a', content: '', mode: 0o600 }], within), (error: unknown) => {
      assert.ok(isType('OwnershipLost')(error));
      assert.match(String(error), /theirs/);
      return true;
    });
    assert.equal(host.files.get('/a'), undefined);
  });
});
