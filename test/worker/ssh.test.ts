/** What inputs reach over SSH through a worker. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { EverbrokerError } from '../../core/failure.js';
import { sshHost } from '../../core/topology/schema/hosts.js';
import { workerOptionsFromEnv } from '../../worker/options.js';
import { permitSsh } from '../../worker/permit.js';
import { resolveLogin } from '../../worker/secret-references.js';
import { sshRoute } from '../../worker/ssh-route.js';

let home: string;
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'everbroker-worker-ssh-'));
  await mkdir(join(home, 'secrets'));
  await mkdir(join(home, 'ssh'));
  await writeFile(join(home, 'secrets/key'), 'line one\nline two\n');
  await writeFile(join(home, 'secrets/word'), 'vagrant\n');
  await writeFile(join(home, 'ssh/config'), `Host mq1\n  User deploy\n  IdentityFile ${join(home, 'ssh/own')}\n`);
  await writeFile(join(home, 'ssh/own'), 'own key');
});
after(() => rm(home, { recursive: true, force: true }));

const isRefused = (words: RegExp) => (error: unknown) =>
  error instanceof EverbrokerError && error.type === 'InputRefused' && words.test(error.message);

function settings(env: Record<string, string> = {}) {
  const read = workerOptionsFromEnv({ EVERBROKER_HOME: home, EVERBROKER_SSH_DIR: join(home, 'ssh'), ...env }, '/');
  assert.ok(read.ok);
  return read.settings;
}

const spec = (more: object = {}) => sshHost.parse({ kind: 'ssh', address: 'mq1', ...more });
const secrets = () => ({ directory: join(home, 'secrets'), env: {} });
const route = (more: object = {}) => sshRoute(spec(more), { ssh: settings().ssh, secrets: secrets() });

describe('a worker', () => {
  test('lets inputs use an agent only if its settings say so', () => {
    const socket = { SSH_AUTH_SOCK: '/run/agent' };
    assert.equal(settings(socket).ssh.agent, null);
    assert.equal(settings({ ...socket, EVERBROKER_SSH_AGENT: 'allow' }).ssh.agent, '/run/agent');
    assert.throws(() => permitSsh(settings(socket), spec({ agent: true })), isRefused(/EVERBROKER_SSH_AGENT/));
    assert.throws(() => permitSsh(settings(socket), spec({ jump: { address: 'a', agent: true } })), isRefused(/jump/));
    permitSsh(settings({ ...socket, EVERBROKER_SSH_AGENT: 'allow' }), spec({ agent: true }));
  });

  test('reaches only the hosts and jump hosts that its settings name', () => {
    const allowed = settings({ EVERBROKER_ALLOWED_HOSTS: 'mq*' });
    permitSsh(allowed, spec({ jump: { address: 'mq0' } }));
    assert.throws(() => permitSsh(allowed, spec({ address: 'db1' })), isRefused(/db1 is not among/));
    assert.throws(() => permitSsh(allowed, spec({ jump: [{ address: 'mq0' }, { address: 'db1' }] })), isRefused(/db1/));
  });

  test('reads keys of many lines and passwords that others chose, below its secrets directory alone', async () => {
    assert.equal(await resolveLogin(secrets(), 'file:key', 'key'), 'line one\nline two');
    assert.equal(await resolveLogin(secrets(), 'file:word', 'word'), 'vagrant');
    await assert.rejects(resolveLogin(secrets(), 'file:key', 'word'), isRefused(/several lines/));
    await assert.rejects(resolveLogin(secrets(), 'file:../ssh/own', 'key'), isRefused(/leads out/));
    assert.throws(() => spec({ identity: '/etc/shadow' }));
    assert.throws(() => spec({ password: 'generate' }), /cannot be generated/);
  });

  test('uses its own ssh configuration where the topology says nothing, and what the topology says before it', async () => {
    const own = await route();
    assert.deepEqual([own.login.user, own.login.port, own.login.keys[0]?.privateKey], ['deploy', 22, 'own key']);
    const named = await route({ user: 'root', port: 2222, identity: 'file:key' });
    assert.deepEqual([named.login.user, named.login.port], ['root', 2222]);
    assert.deepEqual(named.login.keys, [{ privateKey: 'line one\nline two', passphrase: undefined }]);
    assert.deepEqual((await route({ password: 'file:word' })).login.keys, []);
    assert.deepEqual((await route({ address: 'elsewhere' })).login.keys, []);
  });
});
