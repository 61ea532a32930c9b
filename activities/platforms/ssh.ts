/** Hosts that are machines reached over SSH: the claim is a file on each, the state is on their own disks. */
import { AGENT_FILE } from '../../core/layout.js';
import { run } from '../../hosts/run.js';
import type { Platform } from './platform.js';
import { findOnMachines, undoOnMachine } from './ssh-clear.js';
import { sshFaults } from './ssh-faults.js';
import { sshLease } from './ssh-lease.js';
import { lookAtMachine } from './ssh-look.js';
import { anotherCluster, prepareMachine } from './ssh-prepare.js';

/** Only where an agent is: a machine that nobody prepared gets the token with its agent. */
const CLAIM = 'if [ -f "$1" ]; then exec sh "$1" claim "$2"; fi';

export const ssh: Platform = {
  leases: (deps, topology, hosts) => hosts.map((host) => sshLease(deps, topology, host)),

  async claimHost({ deps, topology, host }, token) {
    const site = { deps, topology, host };
    const opened = await deps.openHost(topology, host);
    const { machine } = await lookAtMachine(site, opened, AbortSignal.timeout(30_000));
    // Another cluster's owner file is left alone; the look that follows refuses the machine.
    if (machine.cluster !== topology.name) return;
    await run(opened, ['sh', '-c', CLAIM, 'claim', AGENT_FILE, token], { timeoutMs: 10_000 });
  },

  /** There is nothing around a machine: it answers or it does not. */
  survey: () => Promise.resolve({ absent: null }),
  insistOnOurs: () => undefined,

  async look(site, host, signal) {
    const look = await lookAtMachine(site, host, signal);
    const { cluster } = look.machine;
    if (cluster !== null && cluster !== site.topology.name)
      throw anotherCluster(site.host, cluster, site.topology.name);
    return look;
  },

  prepare: prepareMachine,
  find: findOnMachines,
  undo: undoOnMachine,
  faults: sshFaults,
};
