/** Machines that are there already: claimed, looked at, prepared, found unfit, cleared. Real ones with sshd, without systemd. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clearData, clearHost } from '../../activities/platforms/ssh-clear.js';
import { ssh } from '../../activities/platforms/ssh.js';
import { EverbrokerError } from '../../core/failure.js';
import { misfits } from '../../core/health/fitness.js';
import type { HostObservation } from '../../core/health/observation.js';
import { createdMachine } from '../../core/plan/created.js';
import { planDeploy } from '../../core/plan/deploy.js';
import type { Topology } from '../../core/topology/topology.js';
import type { Host } from '../../hosts/host.js';
import { MachineSite } from '../support/machine-site.js';
import { aDesired } from '../support/simulated-hosts.js';
import { startSshHosts, type SshHosts } from '../support/ssh-hosts.js';
import { until } from '../support/system.js';
import { aTopology, onMachines, parsed } from '../support/topologies.js';

const shape = (name: string): Topology =>
  parsed(
    onMachines({
      ...aTopology({ name, groups: 1, nodesPerGroup: 2 }),
      groups: {
        g1: {
          store: { kind: 'kahadb', directory: '/srv/mq/store' },
          nodes: {
            n1: { host: 'h1', openwire: 61616, console: 8161 },
            n2: { host: 'h1', openwire: 61617, console: 8162 },
          },
        },
      },
    }),
  );
const topology = shape('machines');
const signal = (): AbortSignal => AbortSignal.timeout(60_000);

const failing = (type: string, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof EverbrokerError, String(error));
  assert.equal(error.type, type, error.message);
  assert.match(error.message, words);
  return true;
};

let machines: SshHosts;
let site: MachineSite;
before(async () => {
  machines = await startSshHosts({
    subnet: '10.98.41.0/24',
    count: 3,
    tmpfs: { '/srv/small': 'rw,size=8m', '/opt/sealed': 'ro,size=8m' },
  });
  site = new MachineSite(machines.hosts[0]!, { topology });
});
after(() => machines.close());

describe('the claim on a machine', () => {
  const claim = { cluster: 'machines', operation: 'deploy by me', renewedAt: 1 };

  test('is taken once, read by all, and renewed and removed by its own id only', async () => {
    const { lease } = site;
    assert.equal(await lease.read(), null);
    assert.equal(await lease.take({ ...claim, token: 'one' }, signal()), null);
    const held = await lease.take({ ...claim, token: 'two' }, signal());
    assert.ok(held);
    assert.deepEqual({ ...held, id: '' }, { ...claim, id: '', token: 'one' });
    await lease.renew(held.id, 2);
    assert.equal((await lease.read())?.renewedAt, 2);
    await assert.rejects(lease.renew('another', 3), failing('OwnershipLost', /taken away/));
    await lease.remove('another');
    assert.equal((await lease.read())?.renewedAt, 2);
    await lease.remove(held.id);
    assert.equal(await lease.read(), null);
  });

  test('goes to exactly one of many who want it at the same moment', async () => {
    const { lease } = site;
    const tokens = Array.from({ length: 12 }, (_, index) => `token-${index}`);
    const outcomes = await Promise.all(tokens.map((token) => lease.take({ ...claim, token }, signal())));
    assert.equal(outcomes.filter((found) => found === null).length, 1);
    const winner = tokens[outcomes.indexOf(null)];
    assert.ok(outcomes.every((found) => found === null || found.token === winner));
    await site.release();
  });

  test('guards a machine that has no agent yet', async () => {
    await site.claim('theirs');
    await assert.rejects(site.prepare('mine'), failing('OwnershipLost', /another operation has claimed/));
    assert.equal((await site.look()).machine.installed, false);
    await site.release();
  });
});

describe('a bare machine', () => {
  test('can be looked at, which leaves nothing there', async () => {
    const before = await site.disk();
    const { machine, inside } = await site.look();
    assert.equal(machine.installed, false);
    assert.equal(machine.cluster, null);
    assert.equal(machine.boot, 'initd');
    assert.equal(machine.packages, 'apt-get');
    assert.deepEqual([machine.lacks, machine.readOnly, machine.ports, machine.foreign], [[], [], [], []]);
    assert.equal(inside.agentRunning, false);
    assert.deepEqual(await site.disk(), before);
  });

  test('is told from every other by its id', async () => {
    const other = new MachineSite(machines.hosts[1]!, { topology });
    assert.notEqual((await site.look()).machine.id, (await other.look()).machine.id);
    assert.equal((await site.look()).machine.id, (await site.look()).machine.id);
  });
});

describe('a machine that is prepared', () => {
  test('has an agent that runs, a key, its directories, and a way to start at boot', async () => {
    await site.claim('t1');
    const prepared = await site.prepare('t1');
    assert.match(prepared.note ?? '', /\/etc\/init\.d, if an init reads it: process 1 is/);
    assert.deepEqual(prepared.created, [createdMachine('h1')]);
    const { machine, inside } = await site.look();
    assert.equal(inside.agentRunning, true);
    assert.equal(inside.publicKey, prepared.publicKey);
    assert.equal(machine.cluster, 'machines');
    assert.match(await site.sh('stat -c "%a %u" /srv/mq/store; ls /etc/rc2.d'), /^750 7616\n[^]*S\d\deverbroker/);
    const known = { topology, desired: aDesired(topology), observed: { h1: await seen(site) }, secretsChanged: false };
    known.desired.hosts.h1!.agentHash = inside.agentHash ?? '';
    known.desired.hosts.h1!.manifestHash = inside.manifestHash ?? '';
    assert.ok(planDeploy(known).hosts.h1!.every(({ kind }) => kind !== 'prepareHost'));
  });

  test('is prepared a second time without a second agent', async () => {
    const pid = await site.sh('cat /var/lib/everbroker/agent.pid');
    await site.prepare('t1');
    assert.equal(await site.sh('cat /var/lib/everbroker/agent.pid'), pid);
  });

  test('starts its agent as an init does at boot, and stops it as at shutdown', async () => {
    await site.sh('kill -9 "$(cat /var/lib/everbroker/agent.pid)"');
    await until('the agent is gone', async () => !(await site.look()).inside.agentRunning);
    await site.sh('/etc/rc2.d/S*everbroker start');
    await until('the agent runs', async () => (await site.look()).inside.agentRunning);
    await site.sh('/etc/init.d/everbroker status; /etc/init.d/everbroker stop');
    assert.equal((await site.look()).inside.agentRunning, false);
  });

  test('is refused to another cluster, also when this one was removed and left its data', async () => {
    const other = new MachineSite(machines.hosts[0]!, { topology: shape('others') });
    await assert.rejects(other.look(), failing('NameTaken', /h1 belongs to cluster machines .* destroy machines/));
    await other.claim('t2');
    await assert.rejects(other.prepare('t2'), failing('NameTaken', /belongs to cluster machines/));
    await assert.rejects(
      clearHost(other.deps, other.input('t2', 'clearHost'), signal()),
      failing('NameTaken', /belongs to cluster machines/),
    );
    await site.claim('t3');
    await clearHost(site.deps, site.input('t3', 'clearHost'), signal());
    await assert.rejects(other.look(), failing('NameTaken', /destroy machines with its data first/));
  });
});

describe('a machine that is cleared', () => {
  const fresh = (): MachineSite => new MachineSite(machines.hosts[1]!, { topology });

  test('keeps stores and state, and becomes what it was when its data goes too', async () => {
    const machine = fresh();
    const before = await machine.disk();
    await machine.claim('c1');
    await machine.prepare('c1');
    await machine.sh(
      'echo message > /srv/mq/store/db-1.log; mkdir -p /usr/local/mqcluster/n1/data; touch /usr/local/mqcluster/n1/data/activemq.log',
    );
    const found = await ssh.find(machine.deps, topology, ['h1']);
    assert.deepEqual(found[0]?.machine, { installed: true, data: ['/srv/mq/store', '/var/lib/everbroker'] });

    await clearHost(machine.deps, machine.input('c1', 'clearHost'), signal());
    assert.equal(
      await machine.sh('cat /srv/mq/store/db-1.log; ls -A /usr/local/mqcluster 2>/dev/null || :'),
      'message\n',
    );
    assert.equal(await machine.sh('ls /etc/init.d/everbroker /etc/rc?.d/*everbroker 2>/dev/null || :'), '');
    assert.equal((await machine.look()).machine.installed, false);
    assert.equal((await ssh.find(machine.deps, topology, ['h1']))[0]?.machine?.installed, false);

    await clearData(machine.deps, machine.input('c1', 'clearData'), signal());
    await machine.release();
    assert.deepEqual(await machine.disk(), before);
    assert.equal((await ssh.find(machine.deps, topology, ['h1']))[0]?.machine, undefined);
  });

  test('by a rollback loses only what that run made', async () => {
    const machine = fresh();
    await machine.sh('mkdir -p /srv/mq/store && echo theirs > /srv/mq/store/db-1.log');
    const before = await machine.disk();
    await machine.claim('r1');
    const { created } = await machine.prepare('r1');
    const undo = (token: string) =>
      ssh.undo({ deps: machine.deps, topology, host: 'h1' }, { token, created: created[0] ?? '' });
    await machine.claim('r2');
    await undo('r2');
    assert.equal((await machine.look()).machine.installed, true, 'what another run made stays');
    await machine.claim('r1');
    await undo('r1');
    await machine.release();
    assert.deepEqual(await machine.disk(), before);
  });
});

const seen = async (machine: MachineSite): Promise<HostObservation> => ({
  host: machine.host,
  ...(await machine.look()),
});

describe('a machine that cannot carry its nodes', () => {
  const broken = (changes: Partial<Topology> = {}, through?: (to: Host) => Host): MachineSite =>
    new MachineSite(machines.hosts[2]!, {
      topology: { ...topology, ...changes },
      ...(through === undefined ? {} : { through }),
    });
  async function problems(machine: MachineSite): Promise<string> {
    const observed = { h1: await seen(machine) };
    const known = { topology: machine.topology, desired: aDesired(machine.topology), observed, secretsChanged: false };
    return misfits(machine.topology, planDeploy(known), observed)
      .map(({ problem }) => problem)
      .join('\n');
  }

  test('is fit before anything is broken', async () => assert.equal(await problems(broken()), ''));

  test('is found out with all that is wrong at once', async () => {
    await broken().sh(`mv /usr/bin/tar /usr/bin/tar.away; useradd -u 7616 bob
      mkdir -p /usr/local/mqcluster/n2/conf; touch /usr/local/mqcluster/n2/conf/activemq.xml
      /usr/sbin/sshd -p 61617 -o PidFile=/run/other.pid
      printf '#!/bin/sh\\necho 1000000000000\\n' > /usr/local/bin/date; chmod +x /usr/local/bin/date`);
    const text = await problems(broken());
    assert.match(text, /^it lacks tar$/m);
    assert.match(text, /^uid 7616 is user bob's/m);
    assert.match(text, /^\/usr\/local\/mqcluster\/n2 is an ActiveMQ that is not this cluster's/m);
    assert.match(text, /^port 61617 of n2 is taken by \d+ \(.*sshd.*\)$/m);
    assert.match(text, /^its clock is \d+ s behind the worker's$/m);
    assert.equal(text.split('\n').length, 5, text);
  });

  test('because of its disk, its memory or its limits is told with the numbers', async () => {
    const store = (directory: string): Partial<Topology> => ({
      groups: { g1: { ...topology.groups.g1!, store: { ...topology.groups.g1!.store, directory } as never } },
    });
    assert.match(await problems(broken(store('/srv/small/store'))), /\/srv\/small has 8 MB free, but \S+ need 256 MB/);
    assert.match(await problems(broken({ root: '/opt/sealed/mq' })), /\/opt\/sealed\/mq cannot be written/);
    const limits = { ...topology.limits, heap: { initialMb: 64, maxMb: 65_536 } };
    assert.match(await problems(broken({ limits })), /heaps of 2 nodes need 131072 MB/);
    const fewFiles = (to: Host): Host => ({
      ...to,
      exec: (argv, options) => to.exec(['sh', '-c', 'ulimit -n 512; exec "$@"', 'sh', ...argv], options),
    });
    assert.match(await problems(broken({}, fewFiles)), /a process may open 512 files/);
  });
});
