import { after } from 'node:test';
import assert from 'node:assert/strict';
import { openSshHost } from '../../hosts/ssh-host.js';
import { closeSshConnections } from '../../hosts/ssh-pool.js';
import { hostContract } from '../support/host-contract.js';
import { startSshHosts } from '../support/ssh-hosts.js';
import { routeTo } from '../support/ssh-routes.js';

const within = { timeoutMs: 60_000 };
const LOOK = 'for p in /proc/[0-9]*; do [ "$p" = "/proc/$$" ] || tr "\\0" " " < "$p/cmdline"; done 2>/dev/null; true';

after(closeSshConnections);

for (const [user, subnet] of [
  ['root', '10.251.91.0/24'],
  ['deploy', '10.251.92.0/24'],
] as const) {
  hostContract(`SSH as ${user}`, async () => {
    const machines = await startSshHosts({ subnet });
    const [machine] = machines.hosts;
    assert.ok(machine);
    const route = routeTo(machines, { user });
    return {
      host: openSshHost({ name: 'host', ...route }),
      isRunning: async (word) =>
        (await machine.inside.exec(['sh', '-c', LOOK], within)).stdout.includes(`sleep ${word}`),
      remove: () => machine.stop(),
      unreachable: openSshHost({ name: 'host', ...route, login: { ...route.login, port: 1 } }),
      close: () => machines.close(),
    };
  });
}
