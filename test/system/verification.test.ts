/** The verifier, verified: against a cluster that is well, and against one that is broken on purpose in many ways. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { VerifyOutput } from '../../core/contract.js';
import type { Fault } from '../../core/health/fault.js';
import { hostOf, type Topology } from '../../core/topology/topology.js';
import { storeOf, Victim } from '../support/sabotage.js';
import { System } from '../support/system.js';

let system: System;
let topology: Topology;
let groupA: Victim;
let groupB: Victim;
before(async () => {
  system = await System.start();
  // What is frozen here is to stay so until it was found.
  topology = await system.topology({ groups: 2, nodesPerGroup: 2 }, { watchdog: { enabled: false } });
  await deploy();
  groupA = new Victim(system, topology, 'brokerA');
  groupB = new Victim(system, topology, 'brokerB');
});
after(() => system.stop());

const deploy = async () => (await system.everbroker.deploy({ topology: { ...topology } })).result();
const verify = async () => (await system.everbroker.verify({ topology: { ...topology } })).result();
const failures = (result: VerifyOutput): string[] =>
  result.checks.filter((check) => !check.ok).map((check) => `${check.name} | ${check.fault} | ${check.detail}`);

describe('a cluster that is well', () => {
  test('passes, with every node, bridge, host and route looked at', async () => {
    const result = await verify();
    assert.equal(result.verdict, 'passed', failures(result).join('\n'));
    const names = result.checks.map((check) => check.name);
    for (const name of [
      'one master of brokerA',
      'mq4 of brokerB',
      'bridge toB is connected',
      'host2 is as the topology says',
    ])
      assert.ok(names.includes(name), names.join('\n'));
    assert.equal(names.filter((name) => name.startsWith('bridge toB: ')).length, 2);
  });

  test('has the same files, starts and queues after a verification as before', async () => {
    const everything = async (): Promise<unknown> => [await groupA.traces(), await groupB.traces()];
    const before = await everything();
    await verify();
    assert.deepEqual(await everything(), before);
  });
});

interface Break {
  /** Completes "a verification …". */
  tells: string;
  fault: Fault;
  detail: RegExp;
  /** In how many checks; default one or more. */
  times?: number;
  make(): Promise<void>;
}

/** Breaks both groups, each in its own way, verifies once, and has deploy repair both. */
function broken(what: string, breaks: Break[]): void {
  describe(`a cluster ${what}`, () => {
    let result: VerifyOutput;
    before(async () => {
      await Promise.all(breaks.map((each) => each.make()));
      result = await verify();
      if (process.env.EVERBROKER_TEST_SHOW) console.error(`${what}\n${failures(result).join('\n')}`);
    });

    test('fails the verification', () => assert.equal(result.verdict, 'failed'));
    for (const { tells, fault, detail, times } of breaks) {
      test(`is told ${tells}`, () => {
        const found = result.checks.filter((check) => check.fault === fault && detail.test(check.detail));
        assert.ok(times === undefined ? found.length > 0 : found.length === times, failures(result).join('\n'));
      });
    }
    test('is repaired by a deployment', async () => {
      const deployed = await deploy();
      assert.equal(deployed.outcome, 'deployed');
      const healed = await verify();
      assert.equal(healed.verdict, 'passed', failures(healed).join('\n'));
    });
  });
}

broken('with two masters on separate stores, and a node down', [
  {
    tells: 'that two nodes are masters',
    fault: 'TwoMasters',
    detail: /mq1 and mq2 are masters at once: they do not share one store/,
    make: async () => {
      await groupA.edit('activemq.xml', 's#<kahaDB directory="[^"]*"#<kahaDB directory="${activemq.data}/own"#', [
        'mq2',
      ]);
      await groupA.restart({ nodes: ['mq2'] });
    },
  },
  {
    tells: 'which node is down',
    fault: 'NodeDown',
    detail: /mq4 does not run \(it is meant to be down\)/,
    make: () => groupB.agent('down', 'mq4'),
  },
]);

broken('under a wrong broker name, and on a wrong port', [
  {
    tells: 'the name that the broker has and the one that it should have',
    fault: 'WrongBrokerName',
    detail: /mq[12] calls itself "brokerX", not "brokerA"/,
    make: async () => {
      await groupA.edit('activemq.xml', 's/brokerName="brokerA"/brokerName="brokerX"/');
      await groupA.restart();
    },
  },
  {
    tells: 'the port that is closed and the one that is open',
    fault: 'WrongPort',
    detail: /mq[34] is master, but does not listen on \d+ and listens on 61999/,
    make: async () => {
      await groupB.edit('activemq.xml', 's#tcp://0.0.0.0:[0-9]*#tcp://0.0.0.0:61999#');
      await groupB.restart();
    },
  },
]);

broken('with bad credentials, and with a store that no node can write', [
  {
    tells: 'whose console refuses the credentials',
    fault: 'BadCredentials',
    detail: /the console of mq1 refuses the cluster's credentials/,
    make: async () => {
      await groupA.agent('down', 'mq2');
      await groupA.editCredentials('s/^console.password=.*/console.password=changed-by-hand/', 'mq1');
      await groupA.restart({ nodes: ['mq1'] });
      await groupA.agent('up', 'mq2');
    },
  },
  {
    tells: 'that every node waits because none can write the store',
    fault: 'StoreNotWritable',
    detail:
      /every node of brokerB waits as a slave and nobody serves: the brokers' user cannot write the store on host2/,
    make: async () => {
      const store = storeOf(topology, 'brokerB');
      await groupB.sh(`chown root:root ${store} ${store}/lock && chmod 0700 ${store} && chmod 0600 ${store}/lock`);
      await groupB.restart();
    },
  },
]);

broken('with a dead bridge, and with a configuration that somebody changed', [
  {
    tells: 'that the bridge does not stand',
    fault: 'BridgeDown',
    detail: /the master of brokerA has no such connection to brokerB/,
    make: async () => {
      const { address } = hostOf(topology, 'host2');
      await groupA.edit('activemq.xml', `s#masterslave:([^)]*)#masterslave:(tcp://${address}:1,tcp://${address}:2)#`);
      await groupA.restart();
    },
  },
  {
    tells: 'that no message crosses it in either direction',
    fault: 'BridgeDown',
    detail: /^[1-9]\d* acknowledged, 0 received, 0 lost/,
    times: 2,
    make: () => Promise.resolve(),
  },
  {
    tells: 'which file of which node differs',
    fault: 'StaleConfiguration',
    detail: /mq3: conf\/log4j2\.properties differs/,
    make: () => groupB.edit('log4j2.properties', '$a # changed by hand', ['mq3']),
  },
]);

broken('whose master is frozen, and whose other master has no console', [
  {
    tells: 'that the process is stopped and keeps the lock',
    fault: 'NodeFrozen',
    detail: /mq[12] is stopped \(SIGSTOP\): it answers nothing and keeps the lock/,
    make: async () => void (await groupA.sh(`kill -STOP ${(await groupA.master()).process.pid}`)),
  },
  {
    tells: 'which console is closed',
    fault: 'ConsoleUnreachable',
    detail: /mq[34] is master, but its console port \d+ is closed/,
    make: async () => {
      await groupB.edit('activemq.xml', '/<import resource="jetty.xml"/d');
      await groupB.restart({ ports: 1 });
    },
  },
]);

broken('of which one container is stopped and another is gone', [
  {
    tells: 'that the host does not run, and that nobody could compare it',
    fault: 'HostDown',
    detail: /host host1 is down: the container does not run; what it holds could not be compared/,
    make: async () => system.engine.stopContainer(await groupA.container(), { seconds: 30 }),
  },
  {
    tells: 'that the container does not exist',
    fault: 'NodeDown',
    detail: /mq3 does not run: the container of host2 does not exist/,
    make: async () => system.engine.removeContainer(await groupB.container(), { force: true }),
  },
]);
