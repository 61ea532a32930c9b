/** A machine of ssh-hosts.ts as activities see it, reached past SSH: what is tested here is not the way to it. */
import { readFileSync } from 'node:fs';
import type { Deps } from '../../activities/deps.js';
import { agentText } from '../../artefacts/agent-text.js';
import type { StepInput } from '../../activities/step-input.js';
import type { lookAtMachine } from '../../activities/platforms/ssh-look.js';
import { ssh } from '../../activities/platforms/ssh.js';
import type { Lease } from '../../activities/platforms/lease.js';
import type { Step } from '../../core/plan/step.js';
import type { Topology } from '../../core/topology/topology.js';
import { openDockerHost } from '../../hosts/docker-host.js';
import type { Host } from '../../hosts/host.js';
import { run } from '../../hosts/run.js';
import type { SshTestHost } from './ssh-hosts.js';

const MACHINE = readFileSync(new URL('../../agent/machine.sh', import.meta.url), 'utf8');

export class MachineSite {
  readonly topology: Topology;
  readonly host: string;
  readonly deps: Deps;
  readonly opened: Host;

  /** `through` changes what the activities reach, e.g. to fewer files. */
  constructor(
    machine: SshTestHost,
    {
      topology,
      host = 'h1',
      through = (to) => to,
    }: { topology: Topology; host?: string; through?: (to: Host) => Host },
  ) {
    this.topology = topology;
    this.host = host;
    this.opened = through(openDockerHost({ container: machine.container, name: host }));
    this.deps = {
      agent: agentText(),
      machine: MACHINE,
      openHost: () => Promise.resolve(this.opened),
      forgetSecrets: () => Promise.resolve(),
      pins: { of: () => Promise.resolve(null), record: () => Promise.resolve() },
    } as unknown as Deps;
  }

  get lease(): Lease {
    const [lease] = ssh.leases(this.deps, this.topology, [this.host]);
    if (lease === undefined) throw new Error('a machine has a lease');
    return lease;
  }

  /** Claims as an operation does, whoever held it. */
  async claim(token: string): Promise<void> {
    const { lease, topology } = this;
    const held = await lease.read();
    if (held !== null) await lease.remove(held.id);
    await lease.take({ cluster: topology.name, token, operation: 'a test', renewedAt: 0 }, AbortSignal.timeout(10_000));
    await ssh.claimHost({ deps: this.deps, topology, host: this.host }, token);
  }

  async release(): Promise<void> {
    const held = await this.lease.read();
    if (held !== null) await this.lease.remove(held.id);
  }

  input(token: string, kind: Step['kind'] = 'prepareHost'): StepInput {
    const { topology, host } = this;
    return { topology, host, token, step: { id: `${kind}/${host}`, kind, host, summary: '', reason: '' } };
  }

  look(): ReturnType<typeof lookAtMachine> {
    const { deps, topology, host } = this;
    return ssh.look({ deps, topology, host }, this.opened, AbortSignal.timeout(30_000)) as ReturnType<
      typeof lookAtMachine
    >;
  }

  prepare(token: string) {
    return ssh.prepare(this.deps, this.input(token), AbortSignal.timeout(60_000));
  }

  async sh(script: string): Promise<string> {
    return (await run(this.opened, ['sh', '-c', script], { timeoutMs: 60_000 })).stdout;
  }

  /** Every path of the machine's own disk with mode and owner, but not what any program leaves in passing. */
  async disk(): Promise<string[]> {
    const found = await this.sh(
      `find / -xdev \\( -path /proc -o -path /tmp -o -path /run -o -path /var/log -o -path /var/cache \\) -prune -o -printf '%M %U %p\\n'`,
    );
    return found.split('\n').sort();
  }
}
