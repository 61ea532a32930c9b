import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { misfits } from '../../../core/health/fitness.js';
import { machineArguments, parseMachine } from '../../../core/health/parse-machine.js';
import type { MachineObservation } from '../../../core/health/observation.js';
import { planDeploy } from '../../../core/plan/deploy.js';
import { aDesired, aMachine, carryOut, noHosts, type Hosts } from '../../support/simulated-hosts.js';
import { aTopology, onMachines, parsed } from '../../support/topologies.js';

const topology = parsed(onMachines(aTopology({ groups: 2, nodesPerGroup: 2, hosts: 2 })));
const store = '/usr/local/mqcluster/n1/data/kahadb';

function judged(hosts: Hosts, of = topology): string[] {
  const known = { topology: of, desired: aDesired(of), observed: hosts, secretsChanged: false };
  return misfits(of, planDeploy(known), hosts).map(({ host, problem }) => `${host}: ${problem}`);
}

/** Two bare machines, of which the first is changed. */
function bare(changes: Partial<MachineObservation>, clock = 0): Hosts {
  const hosts = noHosts(topology);
  Object.assign(hosts.h1!.machine!, changes);
  hosts.h1!.clock = clock;
  return hosts;
}

describe('machines that can carry a cluster', () => {
  test('are not complained about', () => {
    assert.deepEqual(judged(noHosts(topology)), []);
    const disks = [
      { directory: topology.root, freeKb: 2e6, mount: '/' },
      { directory: store, freeKb: 2e6, mount: '/' },
    ];
    assert.deepEqual(judged(bare({ disks, userOfUid: 'activemq', uidOfUser: 7616 })), []);
  });

  test('may have a clock that is off by the length of a look and a little more', () => {
    assert.deepEqual(judged(bare({ asked: { from: 100_000, to: 103_000 } }, 95_000)), []);
  });

  test('are not judged anew once everything runs, whatever has become of them', () => {
    const hosts = structuredClone(
      carryOut(
        topology,
        {
          plan: planDeploy({
            topology,
            desired: aDesired(topology),
            observed: noHosts(topology),
            secretsChanged: false,
          }),
          desired: aDesired(topology),
        },
        noHosts(topology),
      ),
    );
    hosts.h1!.machine!.memoryKb = 10;
    hosts.h1!.machine!.ports = [{ port: 61001, pid: 1, command: 'java' }];
    assert.deepEqual(judged(hosts), []);
  });
});

const UNFIT: { name: string; changes: Partial<MachineObservation>; clock?: number; says: RegExp }[] = [
  { name: 'tools that are missing', changes: { lacks: ['tar', 'flock'] }, says: /^h1: it lacks tar, flock$/ },
  {
    name: 'a port with a process',
    changes: { ports: [{ port: 61001, pid: 77, command: 'nginx -g' }] },
    says: /^h1: port 61001 of n1 is taken by 77 \(nginx -g\)$/,
  },
  {
    name: 'a port without a name',
    changes: { ports: [{ port: 18001, command: '' }] },
    says: /^h1: port 18001 of n1 is taken by a process that cannot be told$/,
  },
  { name: 'a read-only target', changes: { readOnly: ['/usr/local/mqcluster'] }, says: /mqcluster cannot be written/ },
  {
    name: 'a disk that is too small for home and store together',
    changes: {
      disks: [
        { directory: '/usr/local/mqcluster', freeKb: 500 * 1024, mount: '/' },
        { directory: store, freeKb: 500 * 1024, mount: '/' },
      ],
    },
    says: /^h1: \/ has 500 MB free, but \/usr\/local\/mqcluster and \S+kahadb need 656 MB there$/,
  },
  { name: 'too little memory', changes: { memoryKb: 500 * 1024 }, says: /500 MB of memory .* 2 nodes need 512 MB/ },
  { name: 'too few files', changes: { files: 1024 }, says: /may open 1024 files, but 1000 connections need 1512/ },
  { name: 'a uid of another', changes: { userOfUid: 'bob' }, says: /uid 7616 is user bob's/ },
  { name: 'a name with another uid', changes: { uidOfUser: 33 }, says: /user activemq has uid 33 and not 7616/ },
  {
    name: 'a foreign ActiveMQ',
    changes: { foreign: ['/usr/local/mqcluster/n1'] },
    says: /n1 is an ActiveMQ that is not/,
  },
  {
    name: 'a slow clock',
    changes: { asked: { from: 60_000, to: 61_000 } },
    says: /its clock is 60 s behind the worker's/,
  },
  {
    name: 'a fast clock',
    changes: { asked: { from: 0, to: 1000 } },
    clock: 46_000,
    says: /its clock is 45 s ahead of the worker's/,
  },
];

describe('a machine that cannot carry its nodes', () => {
  for (const { name, changes, clock, says } of UNFIT)
    test(`for ${name} is named with the problem`, () => {
      const problems = judged(bare(changes, clock));
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0]!, says);
    });

  test('is named beside every other, with all problems of each', () => {
    const hosts = bare({ lacks: ['tar'], files: 10 });
    hosts.h2!.machine!.memoryKb = 1;
    assert.equal(judged(hosts).length, 3);
  });

  test('for the user of a database is named only where there is to be one', () => {
    const withDatabase = { ...topology, databases: { db: { engine: 'mariadb' as const, host: 'h1' } } };
    const taken = bare({ userOfServiceUid: 'bob', userOfUid: 'bob' });
    assert.deepEqual(judged(taken, withDatabase), [
      "h1: uid 7616 is user bob's: choose another `runAs.uid`",
      "h1: uid 7617 is user bob's, and db needs it for everbroker-db",
    ]);
    assert.deepEqual(judged(bare({ uidOfServiceUser: 33 }), withDatabase), [
      'h1: user everbroker-db has uid 33, and db needs it with 7617',
    ]);
    assert.deepEqual(judged(bare({ userOfServiceUid: 'everbroker-db', uidOfServiceUser: 7617 }), withDatabase), []);
    const elsewhere = noHosts(topology);
    elsewhere.h2!.machine!.userOfServiceUid = 'bob';
    assert.deepEqual(judged(elsewhere, withDatabase), []);
  });

  test('under two names is told to be one', () => {
    const hosts = bare({ id: 'same' });
    hosts.h2!.machine!.id = 'same';
    assert.deepEqual(judged(hosts), ['h2: it is the same machine as h1']);
  });
});

describe('what a machine tells', () => {
  const OUTPUT = `machine-lacks flock
machine-id 3d12/ab34
machine-cluster ha-6
machine-installed 1
machine-first-process systemd
machine-boot systemd
machine-hook 0123 /etc/systemd/system/everbroker.service
machine-packages dnf
machine-port 61616 42 nginx: master process
machine-port 8161 ${''}
machine-readonly /usr
machine-disk /srv/mq 1000 /mnt/with blank
machine-memory 4000
machine-memory-limit 3000
machine-files unlimited
machine-uid-user bob
machine-user-uid 12
machine-service-uid-user carol
machine-service-user-uid 13
machine-foreign /srv/mq/old
machine-store /srv/mq/store
machine-end
clock 5
end
`;

  test('is read whole', () => {
    assert.deepEqual(
      parseMachine(OUTPUT, { from: 1, to: 2 }),
      aMachine({
        id: '3d12/ab34',
        cluster: 'ha-6',
        installed: true,
        hooks: { '/etc/systemd/system/everbroker.service': '0123' },
        packages: 'dnf',
        lacks: ['flock'],
        ports: [
          { port: 61616, pid: 42, command: 'nginx: master process' },
          { port: 8161, command: '' },
        ],
        readOnly: ['/usr'],
        disks: [{ directory: '/srv/mq', freeKb: 1000, mount: '/mnt/with blank' }],
        memoryKb: 3000,
        files: Number.MAX_SAFE_INTEGER,
        userOfUid: 'bob',
        uidOfUser: 12,
        userOfServiceUid: 'carol',
        uidOfServiceUser: 13,
        foreign: ['/srv/mq/old'],
        stores: ['/srv/mq/store'],
        asked: { from: 1, to: 2 },
      }),
    );
  });

  test('is not believed when its end is missing', () => {
    assert.throws(() => parseMachine(OUTPUT.replace('machine-end\n', ''), { from: 1, to: 2 }), /was cut/);
  });

  test('is asked about the ports, nodes and stores that the topology puts there', () => {
    const text = machineArguments(topology, 'h1');
    assert.match(text, /^ROOT='\/usr\/local\/mqcluster'$/m);
    assert.match(text, /^PORTS='61001 18001 61002 18002'$/m);
    assert.match(text, /^NODE_NAMES='n1 n2'$/m);
    const withDatabase = { ...topology, databases: { db: { engine: 'mariadb' as const, host: 'h1', port: 3307 } } };
    assert.match(machineArguments(withDatabase, 'h1'), /^PORTS='61001 18001 61002 18002 3307'$/m);
    assert.match(machineArguments(withDatabase, 'h1'), /^SERVICE_UID='7617'\nSERVICE_USER='everbroker-db'$/m);
    assert.match(text, /^SERVICE_UID=''$/m);
  });
});
