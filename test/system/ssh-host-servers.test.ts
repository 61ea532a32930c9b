/** Servers that allow less than usual, and log-ins that talk. */
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { openSshHost } from '../../hosts/ssh-host.js';
import { closeSshConnections } from '../../hosts/ssh-pool.js';
import { startSshHosts, type SshHosts } from '../support/ssh-hosts.js';
import { routeTo } from '../support/ssh-routes.js';

const within = { timeoutMs: 60_000 };
const started: SshHosts[] = [];
after(async () => {
  await closeSshConnections();
  for (const machines of started) await machines.close();
});

for (const [sessions, subnet] of [
  [1, '10.251.96.0/24'],
  [3, '10.251.97.0/24'],
] as const) {
  test(`a server with MaxSessions ${sessions} runs many commands, and a time-out still kills`, async () => {
    const machines = await startSshHosts({ subnet, sshdConfig: `MaxSessions ${sessions}` });
    started.push(machines);
    const host = openSshHost({ name: 'host', ...routeTo(machines, { user: 'deploy' }) });
    const all = Array.from({ length: 12 }, (_, i) => host.exec(['echo', String(i)], within));
    const outputs = (await Promise.all(all)).map(({ stdout }) => Number(stdout));
    assert.deepEqual(
      outputs,
      Array.from({ length: 12 }, (_, i) => i),
    );
    assert.equal((await host.exec(['sh', '-c', 'exit 7'], within)).exitCode, 7);
    assert.equal((await host.exec(['sleep', '31338'], { timeoutMs: 300 })).timedOut, true);
    const [machine] = machines.hosts;
    assert.ok(machine);
    const look = 'cat /proc/[0-9]*/cmdline | tr "\\0" " "';
    const { stdout } = await machine.inside.exec(['sh', '-c', look], within);
    assert.ok(!stdout.includes('sleep 31338'), stdout);
  });
}

test('a log-in that talks does not end up in outputs; a server without forwarding says so', async () => {
  const sshdConfig = 'AllowTcpForwarding no\nBanner /etc/issue';
  const machines = await startSshHosts({ subnet: '10.251.98.0/24', sshdConfig });
  started.push(machines);
  const noise = 'echo welcome; printf "no line break" >&2\n';
  const write = ['sh', '-c', 'cat > /home/deploy/.bashrc'];
  await machines.hosts[0]?.inside.exec(write, { ...within, stdin: noise });
  const host = openSshHost({ name: 'host', ...routeTo(machines, { user: 'deploy' }) });
  const { stdout, stderr } = await host.exec(['sh', '-c', 'echo out; echo err >&2'], within);
  assert.deepEqual({ stdout, stderr }, { stdout: 'out\n', stderr: 'err\n' });
  await assert.rejects(host.open(22, { timeoutMs: 10_000 }), /AllowTcpForwarding/);
});

test('an account whose shell runs nothing is LoginRefused, with what it said', async () => {
  const [machines] = started;
  await machines?.hosts[0]?.inside.exec(['usermod', '-s', '/usr/sbin/nologin', 'plain'], within);
  assert.ok(machines);
  const host = openSshHost({ name: 'host', ...routeTo(machines, { user: 'plain' }) });
  await assert.rejects(host.exec(['true'], within), { type: 'LoginRefused', message: /not available/ });
});
