/** Every way to log in, and every door that stays shut: against real SSH servers, through the worker's own reading. */
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, execFileSync, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import type { z } from 'zod';
import { EverbrokerError, type FailureType } from '../../core/failure.js';
import { sshHost } from '../../core/topology/schema/hosts.js';
import type { Host } from '../../hosts/host.js';
import { openSshHost } from '../../hosts/ssh-host.js';
import { closeSshConnections } from '../../hosts/ssh-pool.js';
import { sshRoute } from '../../worker/ssh-route.js';
import { startSshHosts, type SshHosts } from '../support/ssh-hosts.js';
import { makeKey } from '../support/ssh-keys.js';

const within = { timeoutMs: 60_000 };
const PASSPHRASE = 'a passphrase of words';

let machines: SshHosts;
let home: string;
let agent: ChildProcess;
let address: string;
let fingerprint: string;

before(async () => {
  machines = await startSshHosts({ subnet: '10.251.95.0/24', count: 2 });
  const [machine] = machines.hosts;
  assert.ok(machine);
  ({ address, fingerprint } = machine);
  home = await mkdtemp(join(tmpdir(), 'everbroker-ssh-'));
  await mkdir(join(home, 'secrets'));
  await mkdir(join(home, 'ssh'), { mode: 0o700 });
  const write = (name: string, text: string) => writeFile(join(home, name), `${text}\n`, { mode: 0o600 });
  await write('secrets/key', machines.privateKey);
  await write('secrets/password', machines.password);
  await write('secrets/wrong-password', 'not this one');
  await write('secrets/wrong-key', makeKey().private);
  await write('secrets/passphrase', PASSPHRASE);
  await write('secrets/wrong-passphrase', 'another phrase');
  await write('secrets/locked-key', machines.privateKey);
  execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', PASSPHRASE, '-f', join(home, 'secrets/locked-key')]);
  agent = spawn('ssh-agent', ['-D', '-a', join(home, 'agent')], { stdio: 'ignore' });
  await eventually(() => {
    execFileSync('ssh-add', ['-q', join(home, 'secrets/key')], {
      env: { ...process.env, SSH_AUTH_SOCK: join(home, 'agent') },
    });
  });
});
after(async () => {
  await closeSshConnections();
  agent?.kill();
  await machines?.close();
  await rm(home, { recursive: true, force: true });
});

async function eventually(deed: () => void): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return deed();
    } catch (error) {
      if (attempt > 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

type SpecInput = Partial<z.input<typeof sshHost>>;

/** As the worker does it, from what stands in a topology. */
async function hostWith(
  spec: SpecInput,
  settings: { agent?: string; config?: string; knownHosts?: string } = {},
): Promise<Host> {
  const directory = join(home, 'ssh');
  await writeFile(join(directory, 'config'), settings.config ?? '');
  await writeFile(join(directory, 'known_hosts'), settings.knownHosts ?? '');
  const parsed = sshHost.parse({ kind: 'ssh', address, ...spec });
  const secrets = { directory: join(home, 'secrets'), env: {} };
  const ssh = { directory, agent: settings.agent ?? null };
  return openSshHost({ name: 'mq1', ...(await sshRoute(parsed, { ssh, secrets })) });
}

const whoami = async (host: Host): Promise<string> => {
  const { stdout, stderr } = await host.exec(['sh', '-c', 'echo "$(id -un) $(hostname)"'], within);
  return stdout.trim() || stderr;
};

const refusedAs = (type: FailureType, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof EverbrokerError, String(error));
  assert.equal(error.type, type, error.message);
  assert.match(error.message, words);
  const secrets = [machines.password, 'not this one', PASSPHRASE, machines.privateKey.slice(60, 120)];
  for (const secret of secrets) assert.ok(!JSON.stringify([error.message, error.details]).includes(secret));
  return true;
};

const identity = 'file:key';

describe('an SSH host lets in', () => {
  const ways: [string, () => Promise<Host>][] = [
    ['a private key', () => hostWith({ fingerprint, identity })],
    [
      'a private key with a passphrase',
      () => hostWith({ fingerprint, identity: 'file:locked-key', passphrase: 'file:passphrase' }),
    ],
    ['the agent', () => hostWith({ fingerprint, agent: true }, { agent: join(home, 'agent') })],
    ['a password', () => hostWith({ fingerprint, password: 'file:password' })],
    ['a user with sudo', () => hostWith({ fingerprint, identity, user: 'deploy' })],
    [
      'a user whom sudo asks for a password',
      () => hostWith({ fingerprint, identity, user: 'admin', password: 'file:password' }),
    ],
    [
      'a user with a password that sudo does not want',
      () => hostWith({ fingerprint, identity, user: 'deploy', password: 'file:password' }),
    ],
  ];
  for (const [name, open] of ways) {
    test(`${name}; commands run as root, and their input is theirs alone`, async () => {
      const host = await open();
      assert.equal(await whoami(host), 'root ssh0');
      assert.equal((await host.exec(['cat'], { ...within, stdin: 'first\nsecond\n' })).stdout, 'first\nsecond\n');
      assert.equal((await host.exec(['cat'], within)).stdout, '');
    });
  }

  test('somebody who comes over a jump host, or over two', async () => {
    const [, far] = machines.hosts;
    assert.ok(far);
    const jump = { address, user: 'plain', identity, fingerprint };
    assert.equal(
      await whoami(await hostWith({ address: far.address, identity, fingerprint: far.fingerprint, jump })),
      'root ssh1',
    );
    const back = { address: far.address, identity, fingerprint: far.fingerprint };
    assert.equal(await whoami(await hostWith({ identity, fingerprint, jump: [jump, back] })), 'root ssh0');
    const stream = await (await hostWith({ identity, fingerprint, jump: [back] })).open(22, { timeoutMs: 10_000 });
    stream.destroy();
  });

  test("somebody whom the worker's ssh configuration describes: address, user, key, jump host and included files", async () => {
    const [near, far] = machines.hosts;
    assert.ok(near && far);
    const knownHosts = [near, far].map((machine) => `${machine.address} ${machine.publicKey}\n`).join('');
    await writeFile(join(home, 'ssh/more.conf'), `Host gate\n  HostName ${near.address}\n  User plain\n`);
    const key = `IdentityFile ${join(home, 'secrets/key')}`;
    const config = `Include more.*\nHost mq-*\n  HostName ${far.address}\n  ProxyJump gate\n  User deploy\nHost *\n  ${key}\n`;
    const host = await hostWith({ address: 'mq-one' }, { config, knownHosts });
    assert.equal(await whoami(host), 'root ssh1');
    const user = 'id -un < /dev/null; echo "$SUDO_USER"';
    assert.equal((await host.exec(['sh', '-c', user], within)).stdout, 'root\ndeploy\n');
  });
});

describe('an SSH host is believed', () => {
  test('when known_hosts has its key, also under a hashed name', async () => {
    const [machine] = machines.hosts;
    assert.ok(machine);
    const line = `${machine.address} ${machine.publicKey}\n`;
    assert.equal(await whoami(await hostWith({ identity }, { knownHosts: line })), 'root ssh0');
    await closeSshConnections();
    const file = join(home, 'hashed');
    await writeFile(file, line);
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
    const hashed = execFileSync('cat', [file]).toString();
    assert.ok(!hashed.includes(machine.address));
    assert.equal(await whoami(await hostWith({ identity }, { knownHosts: hashed })), 'root ssh0');
    await closeSshConnections();
    await assert.rejects(
      whoami(await hostWith({ identity }, { knownHosts: `@revoked ${line}${line}` })),
      refusedAs('HostKeyRefused', /revoked/),
    );
  });

  test('not when its key is unknown; the refusal shows it, and the way to pin it', async () => {
    await closeSshConnections();
    const unknown = whoami(await hostWith({ identity }));
    await assert.rejects(unknown, refusedAs('HostKeyRefused', /fingerprint: SHA256:.*\n.*known_hosts/));
    await assert.rejects(unknown, (error: Error) => error.message.includes(fingerprint));
  });

  test('not when its key is another than the pinned one', async () => {
    const other = `SHA256:${'A'.repeat(43)}`;
    await assert.rejects(
      whoami(await hostWith({ identity, fingerprint: other })),
      refusedAs('HostKeyRefused', /pins SHA256:AAA/),
    );
  });
});

describe('an SSH host stays shut, and says why', () => {
  const doors: [string, SpecInput, FailureType, RegExp][] = [
    [
      'a wrong key',
      { identity: 'file:wrong-key' },
      'LoginRefused',
      /root@10\.251\.95\.10:22: the login was refused \(tried key SHA256:/,
    ],
    ['a wrong password', { password: 'file:wrong-password' }, 'LoginRefused', /tried password/],
    ['a user whom nobody knows', { identity, user: 'nobody-here' }, 'LoginRefused', /nobody-here@/],
    [
      'a key whose passphrase is missing',
      { identity: 'file:locked-key' },
      'LoginRefused',
      /the private key cannot be used/,
    ],
    [
      'a wrong passphrase',
      { identity: 'file:locked-key', passphrase: 'file:wrong-passphrase' },
      'LoginRefused',
      /the private key cannot be used/,
    ],
    [
      'a user whom sudo asks for a password that is not given',
      { identity, user: 'admin' },
      'LoginRefused',
      /sudo gives no root without a password/,
    ],
    [
      'a user whose password sudo refuses',
      { identity, user: 'admin', password: 'file:wrong-password' },
      'LoginRefused',
      /sudo gives no root with the password/,
    ],
    [
      'a user who may not use sudo',
      { identity, user: 'plain', password: 'file:password' },
      'LoginRefused',
      /sudo gives no root/,
    ],
    ['a closed port', { identity, port: 2 }, 'HostUnreachable', /mq1: .*:2: .*ECONNREFUSED/],
    [
      'a name that does not exist',
      { identity, address: 'no-such-host.invalid' },
      'HostUnreachable',
      /mq1: no-such-host/,
    ],
  ];
  for (const [name, spec, type, words] of doors) {
    test(`for ${name}`, async () => {
      await assert.rejects(whoami(await hostWith({ fingerprint, ...spec })), refusedAs(type, words));
    });
  }

  test('when its key has changed, until the new one is known', async () => {
    const [, machine] = machines.hosts;
    assert.ok(machine);
    const line = `${machine.address} ${machine.publicKey}\n`;
    const spec = { identity, address: machine.address };
    assert.equal(await whoami(await hostWith(spec, { knownHosts: line })), 'root ssh1');
    const changed = await machine.changeHostKey();
    const host = await hostWith(spec, { knownHosts: line });
    await assert.rejects(whoami(host), refusedAs('HostKeyRefused', /known_hosts:1 has SHA256:.*another machine/));
    assert.equal(await whoami(await hostWith({ ...spec, fingerprint: changed })), 'root ssh1');
  });
});

test('keys of other kinds open too', async () => {
  const [machine] = machines.hosts;
  assert.ok(machine);
  for (const kind of ['rsa', 'ecdsa'] as const) {
    const pair =
      kind === 'rsa'
        ? ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 })
        : ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 });
    const add = ['sh', '-c', 'cat >> /root/.ssh/authorized_keys'];
    await machine.inside.exec(add, { ...within, stdin: `${pair.public}\n` });
    await writeFile(join(home, 'secrets', kind), pair.private, { mode: 0o600 });
    assert.equal(await whoami(await hostWith({ fingerprint, identity: `file:${kind}` })), 'root ssh0');
  }
});
