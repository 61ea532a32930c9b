import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { configuredHost } from '../../hosts/ssh-config.js';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'everbroker-sshconfig-'));
});
after(() => rm(directory, { recursive: true, force: true }));

async function read(config: string, host = 'mq1') {
  await writeFile(join(directory, 'config'), config);
  return configuredHost(directory, host);
}

test('a host without a configuration has nothing configured', async () => {
  await rm(join(directory, 'config'), { force: true });
  assert.deepEqual(await configuredHost(directory, 'mq1'), { identityFiles: [], jumps: [] });
  assert.deepEqual(await read('Host other\n  Port 1\n'), { identityFiles: [], jumps: [] });
});

test('the first value wins, keys add up, and patterns may exclude', async () => {
  const config = `Host mq* !mq2
  HostName %h.example.org
  port=2222
  User "deploy"
  IdentityFile ~/.ssh/mq
Host *
  Port 22
  User root
  IdentityFile /keys/%r
`;
  const found = await read(config);
  assert.deepEqual(found, {
    hostName: 'mq1.example.org',
    port: 2222,
    user: 'deploy',
    identityFiles: [join(homedir(), '.ssh/mq'), '/keys/deploy'],
    jumps: [],
  });
  assert.deepEqual((await read(config, 'mq2')).port, 22);
});

test('jump hosts are read in all their forms', async () => {
  const { jumps } = await read('Host *\n  ProxyJump gate,me@far:2022,[::1]:23\n');
  assert.deepEqual(jumps, [
    { address: 'gate' },
    { address: 'far', user: 'me', port: 2022 },
    { address: '::1', port: 23 },
  ]);
  assert.deepEqual((await read('Host *\n  ProxyJump none\n')).jumps, []);
  await assert.rejects(read('Host *\n  ProxyJump a:b:c\n'), /ProxyJump a:b:c/);
});

test('included files count, and end with their last line', async () => {
  await writeFile(join(directory, 'one.conf'), 'Host mq1\n  User one\n');
  await writeFile(join(directory, 'two.conf'), 'Host other\n  User two\n');
  const found = await read('Include *.conf missing\nPort 2022\n');
  assert.deepEqual({ user: found.user, port: found.port }, { user: 'one', port: 2022 });
});

test('looking at a host runs no command', async () => {
  const mark = join(directory, 'mark');
  const config = `Match exec "touch ${mark}"\n  User evil\nHost *\n  CanonicalizeHostname yes\n  CanonicalDomains example.org\n  User good\n`;
  assert.equal((await read(config)).user, 'good');
  await assert.rejects(readFile(mark), /ENOENT/);
});
