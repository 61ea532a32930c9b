/** Faults of machines behind SSH: their own kernel does them, and the way in stays open. */
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { clearHost } from '../../activities/platforms/ssh-clear.js';
import { sshFaults } from '../../activities/platforms/ssh-faults.js';
import type { FaultAround, FaultAt } from '../../activities/platforms/platform.js';
import { EverbrokerError } from '../../core/failure.js';
import type { Topology } from '../../core/topology/topology.js';
import { openSshHost } from '../../hosts/ssh-host.js';
import { closeSshConnections } from '../../hosts/ssh-pool.js';
import { LISTEN } from '../support/fault-site.js';
import { MachineSite } from '../support/machine-site.js';
import { startSshHosts, type SshHosts, type SshTestHost } from '../support/ssh-hosts.js';
import { routeTo } from '../support/ssh-routes.js';
import { until } from '../support/system.js';
import { aTopology, onMachines, parsed } from '../support/topologies.js';

const topology: Topology = parsed(onMachines(aTopology({ name: 'ssh-faults', groups: 1, nodesPerGroup: 1 })));
const TOKEN = 'drill-1';
const HOLD = 60;
const SHORT = 3;
const signal = (): AbortSignal => AbortSignal.timeout(60_000);

let machines: SshHosts;
let machine: SshTestHost;
let site: MachineSite;
before(async () => {
  // What root may do on a machine: change its rules, and see by which connection sudo was asked.
  machines = await startSshHosts({ subnet: '10.97.14.0/24', capabilities: ['NET_ADMIN', 'SYS_PTRACE'] });
  machine = machines.hosts[0]!;
  // By sudo, which hides the connection from the command.
  const opened = openSshHost({ name: 'h1', ...routeTo(machines, { user: 'deploy' }) });
  site = new MachineSite(machine, { topology, through: () => opened });
  await site.claim(TOKEN);
  await site.prepare(TOKEN);
  const listen = ['sh', '-c', 'perl -e "$0" 61616 </dev/null >/dev/null 2>&1 &', LISTEN];
  await machine.inside.exec(listen, { timeoutMs: 10_000 });
  await until('the machine listens', () => reaches(61616));
});
after(async () => {
  closeSshConnections();
  await machines.close();
});

/** Whether a new connection from here is accepted. */
const reaches = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: machine.address, port, timeout: 1_000 });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    for (const failure of ['error', 'timeout']) socket.once(failure, () => end(false));
  });

let count = 0;
const cut = (holdSeconds: number): FaultAt => ({
  id: `c${(count += 1)}`,
  fault: { by: 'network', kind: 'drop', addresses: [], except: true, ports: [], holdSeconds },
});
const where = () => ({ deps: site.deps, topology, host: 'h1' });
const inject = (at: FaultAt, token = TOKEN) => sshFaults.inject(where(), { ...at, token }, signal());
const heal = (at: FaultAt) => sshFaults.heal(where(), at, signal());
const look = (at: FaultAt) => sshFaults.look(where(), at, signal());
const isType = (type: string) => (error: unknown) => error instanceof EverbrokerError && error.type === type;
const left = async (): Promise<string> =>
  (
    await machine.inside.exec(['sh', '-c', 'nft list tables | grep everbroker; pgrep -f "fault-time[r]" || :'], {
      timeoutMs: 10_000,
    })
  ).stdout;

describe('a machine behind SSH that is cut off', () => {
  test('stays open to Everbroker, old connections and new ones, and is healed by the drill', async () => {
    const fault = cut(HOLD);
    const { at, detail } = await inject(fault);
    assert.match(detail, /port 22 stays open/);
    assert.equal(await reaches(61616), false);
    assert.ok(await reaches(22));
    assert.deepEqual(await look(fault).then(({ present, expired }) => [present, expired]), [true, false]);
    assert.equal((await inject(fault)).at, at, 'it is found and not done again');
    assert.equal((await heal(fault)).by, 'drill');
    assert.ok(await reaches(61616));
    assert.equal((await heal(fault)).by, 'drill');
    assert.equal((await inject(fault)).at, at, 'what is over is not done again');
    assert.ok(await reaches(61616));
    assert.equal(await left(), '');
  });

  test('heals by itself, with every connection of Everbroker closed', async () => {
    const fault = cut(SHORT);
    await inject(fault);
    closeSshConnections();
    assert.equal(await reaches(61616), false);
    await until('the packets flow', () => reaches(61616));
    await until('it is told', async () => (await look(fault)).expired);
    assert.equal((await heal(fault)).by, 'dead-man timer');
    assert.equal(await left(), '');
  });

  test('heals when its timer is killed too: the kernel forgets', async () => {
    const fault = cut(SHORT);
    await inject(fault);
    const kill = 'kill -KILL "-$(cat "$0")"';
    const pid = `/var/lib/everbroker/faults/${fault.id}/record.pid`;
    assert.equal((await machine.inside.exec(['sh', '-c', kill, pid], { timeoutMs: 10_000 })).exitCode, 0);
    assert.equal(await reaches(61616), false);
    await until('the packets flow', () => reaches(61616));
    assert.equal((await heal(fault)).by, 'dead-man timer');
    assert.equal(await left(), '');
  });

  test('is not cut off by a command that comes after its healing', async () => {
    const fault = cut(HOLD);
    assert.equal((await heal(fault)).by, 'by itself');
    await assert.rejects(inject(fault), isType('FaultImpossible'));
    assert.ok(await reaches(61616));
    assert.equal(await left(), '');
  });

  test('is not cut off by another operation', async () => {
    await assert.rejects(inject(cut(HOLD), 'another'), isType('OwnershipLost'));
    assert.ok(await reaches(61616));
  });

  test('is refused where the way in cannot be told, and what Everbroker could not undo', async () => {
    const off: FaultAround = { by: 'carrier', kind: 'kill-host', holdSeconds: HOLD };
    const late: FaultAround = { by: 'network', kind: 'impair', delayMs: 50, lossPercent: 0, holdSeconds: HOLD };
    const problems = await sshFaults.problems(where(), [cut(HOLD).fault, off, late], signal());
    assert.equal(problems.length, 2, problems.join('\n'));
    assert.match(problems.join('\n'), /not switched off by Everbroker[^]*are not delayed/);
    await assert.rejects(inject({ id: 'off', fault: off }), isType('FaultImpossible'));

    const past = new MachineSite(machine, { topology });
    const behind = { deps: past.deps, topology, host: 'h1' };
    assert.match((await sshFaults.problems(behind, [cut(HOLD).fault], signal())).join(), /by which port/);
    await assert.rejects(sshFaults.inject(behind, { ...cut(HOLD), token: TOKEN }, signal()), isType('FaultImpossible'));
    assert.equal(await left(), '');
  });

  test('is told to need nft before anything is done', async () => {
    await machine.inside.exec(['mv', '/usr/sbin/nft', '/usr/sbin/nft.away'], { timeoutMs: 10_000 });
    try {
      const problems = await sshFaults.problems(where(), [cut(HOLD).fault], signal());
      assert.deepEqual(problems, ['h1: it has no nft: install the package nftables']);
    } finally {
      await machine.inside.exec(['mv', '/usr/sbin/nft.away', '/usr/sbin/nft'], { timeoutMs: 10_000 });
    }
  });

  test('is whole again when the cluster is removed from it in the middle of a fault', async () => {
    await inject(cut(HOLD));
    assert.equal(await reaches(61616), false);
    await clearHost(site.deps, site.input(TOKEN, 'clearHost'), signal());
    assert.ok(await reaches(61616));
    assert.equal(await left(), '');
  });
});
