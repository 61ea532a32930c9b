/** Logins to the machines of ssh-hosts.ts. */
import assert from 'node:assert/strict';
import type { SshLogin, SshRoute } from '../../hosts/ssh-login.js';
import type { SshHosts } from './ssh-hosts.js';

/** By key and pinned fingerprint, unless the changes say otherwise. */
export function loginTo(machines: SshHosts, changes: Partial<SshLogin> = {}, index = 0): SshLogin {
  const machine = machines.hosts[index];
  assert.ok(machine);
  const { address, fingerprint } = machine;
  const keys = [{ privateKey: machines.privateKey }];
  return { address, port: 22, user: 'root', keys, fingerprint, knownHosts: [], ...changes };
}

export const routeTo = (machines: SshHosts, changes: Partial<SshLogin> = {}): SshRoute => ({
  login: loginTo(machines, changes),
  jumps: [],
});
