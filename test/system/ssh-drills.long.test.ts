/** Drills on machines behind SSH, through the workflow: nothing stands beside a machine, so it breaks and heals itself. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import type { ScenarioInput } from '../../core/drills/scenario.js';
import type { Topology } from '../../core/topology/topology.js';
import { SSHD_JRE_IMAGE } from '../../images/sshd-image.js';
import {
  assertPassed,
  assertRefused,
  recordOf,
  runDrill,
  shortScenario,
  startDrill,
  untilHeld,
} from '../support/real-drills.js';
import { sshDirectory, type SshDirectory } from '../support/ssh-directory.js';
import { startSshHosts, type SshHosts } from '../support/ssh-hosts.js';
import { System, failedChecks, until } from '../support/system.js';
import { parsed } from '../support/topologies.js';

const HOLD_SECONDS = 6;
const HEALED_WITHIN_MS = 30_000;
/** A small file system of the machine's own, as an administrator would mount one for a store. */
const SMALL = '/srv/small';

let machines: SshHosts;
let system: System;
let topology: Topology;
let directory: SshDirectory;

before(async () => {
  // What root may do on a machine: change its rules, and see by which connection it came.
  machines = await startSshHosts({
    subnet: '10.98.44.0/24',
    count: 2,
    image: SSHD_JRE_IMAGE,
    capabilities: ['NET_ADMIN', 'SYS_PTRACE'],
    tmpfs: { [SMALL]: 'rw,size=320m' },
  });
  directory = await sshDirectory(machines);
  const [a = '', b = ''] = machines.hosts.map(({ address }) => address);
  topology = parsed({
    version: 1,
    name: 't-ssh-drills',
    activemq: { version: '5.18.3' },
    watchdog: { enabled: true, unresponsiveSeconds: 5 },
    hosts: { m1: { kind: 'ssh', address: a }, m2: { kind: 'ssh', address: b } },
    groups: {
      brokerA: {
        store: { kind: 'kahadb', directory: `${SMALL}/kahadb` },
        nodes: {
          mq1: { host: 'm1', openwire: 61616, console: 8161 },
          mq2: { host: 'm1', openwire: 61617, console: 8162 },
        },
      },
      brokerB: {
        store: { kind: 'kahadb', directory: '/usr/local/mqcluster/mq3/data/kahadb' },
        nodes: {
          mq3: { host: 'm2', openwire: 61616, console: 8161 },
          mq4: { host: 'm2', openwire: 61617, console: 8162 },
        },
      },
    },
    bridges: [{ name: 'AB', from: 'brokerA', to: 'brokerB' }],
  });
  system = await System.start({ durable: true, env: directory.env });
  await (await system.everbroker.deploy({ topology: { ...topology } })).result();
});

after(async () => {
  await system?.stop();
  await machines?.close();
  await directory?.remove();
});

const master = { role: 'master', group: 'brokerA' } as const;
const hostOfMaster = { role: 'host-of-master', group: 'brokerA' } as const;
const holdSeconds = HOLD_SECONDS;
const alone = { guards: { standby: false } };
const cutHost = shortScenario({
  target: hostOfMaster,
  fault: { kind: 'lose-host', how: 'cut', holdSeconds },
  ...alone,
});

const PASSING: Record<string, ScenarioInput> = {
  'kill -9 of the master': shortScenario({ target: master, fault: { kind: 'kill' } }),
  'SIGSTOP of the master, which the watchdog ends': shortScenario({
    target: master,
    fault: { kind: 'freeze', holdSeconds: 30 },
    expect: { brokerRtoSeconds: 25 },
  }),
  'a full disk': shortScenario({ target: master, fault: { kind: 'disk-full', holdSeconds } }),
  'packets that are lost': shortScenario({
    target: hostOfMaster,
    fault: { kind: 'packets', lossPercent: 20, holdSeconds },
    ...alone,
  }),
  'a bridge that is cut': shortScenario({ target: { role: 'bridge' }, fault: { kind: 'cut-bridge', holdSeconds } }),
  // What waits for the other side meanwhile crosses afterwards.
  'a partition between the groups': shortScenario({
    target: master,
    fault: { kind: 'partition', between: 'groups', holdSeconds },
    load: { flows: [{ perSecond: 50 }, { to: 'brokerB', perSecond: 50 }], warmUpSeconds: 1, afterSeconds: 1 },
  }),
};

describe('on machines behind SSH', () => {
  for (const [what, scenario] of Object.entries(PASSING))
    test(`${what} is drilled, healed and passed`, async () => {
      assertPassed(await runDrill(system, topology, scenario));
    });

  test('delay of packets is refused before any message flows, because nobody could restore the queueing', async () => {
    const drill = await startDrill(
      system,
      topology,
      shortScenario({ target: hostOfMaster, fault: { kind: 'packets', delayMs: 50, holdSeconds }, ...alone }),
    );
    await assertRefused(drill, /m1: packets of a machine behind SSH are not delayed/);
  });

  test('a machine that is cut off is back by itself when worker and Temporal die meanwhile', async () => {
    const drill = await startDrill(system, topology, cutHost);
    await untilHeld(drill);
    assert.equal(await reachesBroker(), false);
    await Promise.all([system.killWorker(), system.killServer()]);
    await delay(HOLD_SECONDS * 1000);
    await until('the other machine reaches a broker of it', reachesBroker, HEALED_WITHIN_MS);
    await system.startServer();
    await system.startWorker();
    const record = await recordOf(drill);
    assert.equal(record.healed, true);
    assert.equal(record.ledger?.total.lost, 0, JSON.stringify([record.reason, record.ledger?.total]));
    assert.notEqual(record.injections[0]?.healedBy, 'drill');
  });

  test('nothing of all that is left: the cluster verifies, no rule, no timer and no load', async () => {
    const { checks } = await (await system.everbroker.verify({ topology: { ...topology } })).result();
    assert.deepEqual(failedChecks(checks), []);
    for (const { inside } of machines.hosts) {
      const left =
        'nft list tables | grep everbroker; ls -d /var/lib/everbroker/faults/*/armed /var/lib/everbroker/drills/* 2>/dev/null || :';
      assert.equal((await inside.exec(['sh', '-c', left], { timeoutMs: 10_000 })).stdout, '');
    }
  });
});

/** As a bridge would: from the other machine. */
async function reachesBroker(): Promise<boolean> {
  const [a, b] = machines.hosts;
  const script =
    'for port in 61616 61617; do timeout 1 bash -c ": </dev/tcp/$0/$port" 2>/dev/null && exit 0; done; exit 1';
  return (await b?.inside.exec(['bash', '-c', script, a?.address ?? ''], { timeoutMs: 10_000 }))?.exitCode === 0;
}
