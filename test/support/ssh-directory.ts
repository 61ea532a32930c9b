/** What the worker's user has who may log in to the machines of ssh-hosts.ts: a key, and whom to trust. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SshHosts } from './ssh-hosts.js';

export interface SshDirectory {
  /** Of the worker. */
  env: { EVERBROKER_SSH_DIR: string; EVERBROKER_TOPOLOGIES_DIR: string };
  /** By this the worker finds the machines of a cluster that is named only. */
  addTopology(name: string, text: string): Promise<void>;
  remove(): Promise<void>;
}

export async function sshDirectory(machines: SshHosts): Promise<SshDirectory> {
  const directory = await mkdtemp(join(tmpdir(), 'everbroker-ssh-'));
  const [ssh, topologies] = [join(directory, 'ssh'), join(directory, 'topologies')];
  await mkdir(ssh);
  await mkdir(topologies);
  await writeFile(join(ssh, 'id_ed25519'), machines.privateKey, { mode: 0o600 });
  const known = machines.hosts.map(({ address, publicKey }) => `${address} ${publicKey}\n`).join('');
  await writeFile(join(ssh, 'known_hosts'), known);
  return {
    env: { EVERBROKER_SSH_DIR: ssh, EVERBROKER_TOPOLOGIES_DIR: topologies },
    addTopology: (name, text) => writeFile(join(topologies, `${name}.yaml`), text),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
