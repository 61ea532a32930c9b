/** Two machines behind SSH with Java, and what Ansible needs: containers on a network of the benchmark's own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SSHD_PYTHON_IMAGE } from '../images/sshd-image.js';
import { startSshHosts, type SshHosts } from '../test/support/ssh-hosts.js';

/** What the playbook leaves on a machine. An author's playbook has no way back, so this is not measured. */
const REMOVE_ALL = `for line in /proc/[0-9]*/cmdline; do
  grep -qaz '^-Dactivemq[.]home=' "$line" 2>/dev/null && kill -9 "$(basename "$(dirname "$line")")"
done
tries=50
while grep -qaz '^-Dactivemq[.]home=' /proc/[0-9]*/cmdline 2>/dev/null; do
  tries=$((tries - 1))
  [ $tries -gt 0 ] || { echo 'a broker does not end' >&2; exit 1; }
  sleep 0.1
done
rm -rf /usr/local/mqcluster /usr/local/activemq.tar.gz /usr/local/probe.jar`;

const COUNT_BROKERS = "grep -laz '^-Dactivemq[.]home=' /proc/[0-9]*/cmdline 2>/dev/null | wc -l";

export class Machines {
  /** As ~/.ssh has it: a key that both machines let in, and the keys of the machines. */
  readonly sshDirectory: string;
  private readonly started: SshHosts;

  private constructor(started: SshHosts, sshDirectory: string) {
    this.started = started;
    this.sshDirectory = sshDirectory;
  }

  /** Removes first what a benchmark that was killed left of them. */
  static async start(): Promise<Machines> {
    const started = await startSshHosts({ id: 'bench', subnet: '10.213.9.0/24', count: 2, image: SSHD_PYTHON_IMAGE });
    const directory = await mkdtemp(join(tmpdir(), 'everbroker-bench-ssh-'));
    const machines = new Machines(started, directory);
    await writeFile(machines.identity, started.privateKey, { mode: 0o600 });
    const known = started.hosts.map(({ address, publicKey }) => `${address} ${publicKey}\n`).join('');
    await writeFile(machines.knownHosts, known);
    return machines;
  }

  get addresses(): string[] {
    return this.started.hosts.map(({ address }) => address);
  }

  get identity(): string {
    return join(this.sshDirectory, 'id_ed25519');
  }

  get knownHosts(): string {
    return join(this.sshDirectory, 'known_hosts');
  }

  /** JVMs of brokers on all machines: looked at past the tool that says it started them. */
  async brokers(): Promise<number> {
    let count = 0;
    for (const { inside } of this.started.hosts)
      count += Number((await inside.exec(['sh', '-c', COUNT_BROKERS], { timeoutMs: 60_000 })).stdout);
    return count;
  }

  async removeRecipe(): Promise<void> {
    for (const { inside, container } of this.started.hosts) {
      const { exitCode, stderr } = await inside.exec(['sh', '-c', REMOVE_ALL], { timeoutMs: 60_000 });
      if (exitCode !== 0) throw new Error(`${container} is not clean: ${stderr}`);
    }
  }

  async close(): Promise<void> {
    await this.started.close();
    await rm(this.sshDirectory, { recursive: true, force: true });
  }
}
