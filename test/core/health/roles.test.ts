import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Fault } from '../../../core/health/fault.js';
import type { BrokerReading } from '../../../core/health/jolokia-reading.js';
import type { NodeObservation } from '../../../core/health/observation.js';
import { judgeGroup, roleOf, type Looks, type NodeReading } from '../../../core/health/roles.js';
import { nodeNamed } from '../../../core/topology/topology.js';
import { wellLooks } from '../../support/readings.js';
import { aParsedTopology } from '../../support/topologies.js';

const topology = aParsedTopology({ groups: 1, nodesPerGroup: 2 });
const { openwire, console: web } = nodeNamed(topology, 'n1');

type Change = (reading: NodeReading) => void;
const seen =
  (change: Partial<NodeObservation>): Change =>
  (reading) =>
    Object.assign(reading.observation, change);
const answers =
  (broker: BrokerReading): Change =>
  (reading) =>
    (reading.broker = broker);
const facts =
  (change: object): Change =>
  ({ broker }) => {
    if (broker.state === 'answered') Object.assign(broker.broker, change);
  };

function changed(changes: Record<string, Change[]>): Looks {
  const looks = structuredClone(wellLooks(topology));
  for (const reading of looks.readings) for (const change of changes[reading.observation.name] ?? []) change(reading);
  return looks;
}

const faultsOf = (looks: Looks): string[] =>
  judgeGroup(topology, 'g1', looks)
    .checks.filter((check) => !check.ok)
    .map((check) => `${check.name} | ${check.fault} | ${check.detail}`);

const dead = seen({ process: { alive: false }, listening: [], log: { role: 'none' }, lock: 'free' });
const closed = answers({ state: 'refused', detail: 'the port is closed' });

test('a group whose signals all agree has one master and no failed check', () => {
  const verdict = judgeGroup(topology, 'g1', wellLooks(topology));
  assert.equal(verdict.master, 'n1');
  assert.deepEqual(
    verdict.checks.map(({ name, ok }) => [name, ok]),
    [
      ['one master of g1', true],
      ['n1 of g1', true],
      ['n2 of g1', true],
    ],
  );
});

const TABLE: [what: string, changes: Record<string, Change[]>, fault: Fault, says: RegExp][] = [
  [
    'a slave is down',
    { n2: [dead, seen({ desired: 'down' })] },
    'NodeDown',
    /n2 does not run \(it is meant to be down\)/,
  ],
  [
    'a node died because its start failed',
    { n2: [dead, seen({ log: { role: 'failed', line: 'Address already in use' } })] },
    'NodeDown',
    /last start failed: Address already in use/,
  ],
  [
    'a host’s container is gone',
    {
      n2: [
        dead,
        seen({ desired: 'unknown' }),
        answers({ state: 'refused', detail: 'the container of h1 does not exist' }),
      ],
    },
    'NodeDown',
    /n2 does not run: the container of h1 does not exist/,
  ],
  ['everything is down', { n1: [dead, closed], n2: [dead] }, 'NoMaster', /nobody serves g1 .*\(n1 down, n2 down\)/],
  [
    'the master is frozen',
    { n1: [seen({ process: { alive: true, pid: 1, state: 'T' } })] },
    'NodeFrozen',
    /nobody serves g1/,
  ],
  [
    'two nodes are masters',
    { n2: [seen({ listening: [nodeNamed(topology, 'n2').openwire], log: { role: 'master' } })] },
    'TwoMasters',
    /n1 and n2 are masters at once: they do not share one store/,
  ],
  [
    'all say slave because none can write the store',
    {
      n1: [seen({ listening: [], log: { role: 'slave' }, lock: 'free', storeWritable: false }), closed],
      n2: [seen({ lock: 'free', storeWritable: false })],
    },
    'StoreNotWritable',
    /every node of g1 waits as a slave and nobody serves: the brokers' user cannot write the store on h1/,
  ],
  [
    'the openwire port is another',
    { n1: [seen({ listening: [61999, web] })] },
    'WrongPort',
    new RegExp(`n1 is master, but does not listen on ${openwire} and listens on 61999`),
  ],
  [
    'a port is open that the topology does not have',
    { n1: [seen({ listening: [openwire, web, 1099] })] },
    'WrongPort',
    /listens on 1099, which the topology does not have/,
  ],
  [
    'the console is closed',
    { n1: [seen({ listening: [openwire] }), closed] },
    'ConsoleUnreachable',
    /its console port \d+ is closed/,
  ],
  ['the console says nothing', { n1: [answers({ state: 'timeout' })] }, 'ConsoleUnreachable', /said nothing/],
  [
    'the console refuses the login',
    { n1: [answers({ state: 'unauthorized' })] },
    'BadCredentials',
    /console of n1 refuses/,
  ],
  [
    'the broker has another name',
    { n1: [facts({ brokerName: 'other' })] },
    'WrongBrokerName',
    /calls itself "other", not "g1"/,
  ],
  [
    'the broker is of another version',
    { n1: [facts({ version: '5.15.0' })] },
    'WrongVersion',
    /runs ActiveMQ 5\.15\.0, not/,
  ],
  [
    'the lock is another’s',
    { n1: [seen({ lock: 'held-by-other' })] },
    'SignalsDisagree',
    /lock of the store is held-by-other/,
  ],
  [
    'a node is starting',
    { n2: [seen({ log: { role: 'starting' } })] },
    'NotReady',
    /n2 runs but neither serves nor waits yet/,
  ],
  ['a start failed', { n2: [seen({ log: { role: 'failed', line: 'no such bean' } })] }, 'StartFailed', /no such bean/],
];

describe('a group of which', () => {
  for (const [what, changes, fault, says] of TABLE) {
    test(`${what} is told by ${fault}`, () => {
      const faults = faultsOf(changed(changes));
      assert.ok(
        faults.some((text) => text.includes(`| ${fault} |`) && says.test(text)),
        faults.join('\n') || 'nothing failed',
      );
    });
  }
});

describe('a host that nobody could look at', () => {
  const [first, second] = wellLooks(topology).readings;

  test('is told as unseen with the reason, and is not taken for well', () => {
    const faults = faultsOf({ readings: [first!], unseen: { h1: 'the container is paused' } });
    assert.ok(
      faults.includes('n2 of g1 | HostUnseen | could not look at n2: the container is paused'),
      faults.join('\n'),
    );
  });

  test('could have a second master, so that the one that was seen proves nothing', () => {
    const faults = faultsOf({ readings: [first!], unseen: {} });
    assert.match(
      faults[0]!,
      /one master of g1 \| HostUnseen \| n1 is master, but nobody could look whether n2 is one too/,
    );
  });

  test('leaves no node without a check', () => {
    for (const readings of [[], [first!], [second!]])
      assert.equal(judgeGroup(topology, 'g1', { readings, unseen: {} }).checks.length, 3);
    assert.ok(judgeGroup(topology, 'g1', { readings: [], unseen: {} }).checks.every((check) => !check.ok));
  });
});

/** Every signal of a node with the values that say something else than a well one does. */
const FLIPS: Record<'n1' | 'n2', Change[]> = {
  n1: [
    ...(['down', 'fenced', 'unknown'] as const).map((desired) => seen({ desired })),
    seen({ process: { alive: false } }),
    ...['T', 't'].map((state) => seen({ process: { alive: true, pid: 1, state } })),
    ...[[], [openwire], [web], [openwire + 1, web], [openwire, web, 1]].map((listening) => seen({ listening })),
    ...(['slave', 'starting', 'failed', 'none'] as const).map((role) => seen({ log: { role } })),
    ...(['free', 'held-by-other'] as const).map((lock) => seen({ lock })),
    seen({ storeWritable: false }),
    ...[
      { state: 'refused', detail: '' } as const,
      { state: 'unauthorized' } as const,
      { state: 'timeout' } as const,
      { state: 'unexpected', httpStatus: 500, detail: '' } as const,
    ].map(answers),
    ...[{ brokerName: 'x' }, { isSlave: true }, { version: '1' }].map(facts),
  ],
  n2: [
    ...(['down', 'fenced', 'unknown'] as const).map((desired) => seen({ desired })),
    seen({ process: { alive: false } }),
    ...['T', 't'].map((state) => seen({ process: { alive: true, pid: 1, state } })),
    ...[[1], [nodeNamed(topology, 'n2').openwire]].map((listening) => seen({ listening })),
    ...(['master', 'starting', 'failed', 'none'] as const).map((role) => seen({ log: { role } })),
    seen({ lock: 'held' }),
    seen({ storeWritable: false }),
    ...[
      { state: 'unauthorized' } as const,
      { state: 'timeout' } as const,
      { state: 'unexpected', httpStatus: 200, detail: '' } as const,
    ].map(answers),
  ],
};
const flips = Object.entries(FLIPS).flatMap(([node, changes]) => changes.map((change) => ({ node, change })));

test('no group passes with a single signal of a single node flipped', () => {
  for (const { node, change } of flips) {
    const looks = changed({ [node]: [change] });
    const reading = looks.readings.find(({ observation }) => observation.name === node);
    assert.notDeepEqual(faultsOf(looks), [], JSON.stringify(reading));
  }
});

test('no group passes with any two signals flipped, whatever they are', () => {
  fc.assert(
    fc.property(fc.constantFrom(...flips), fc.constantFrom(...flips), (one, other) => {
      // Of two flips of one signal the second wins, which is a single flip again.
      const looks = changed({});
      for (const { node, change } of [one, other])
        change(looks.readings.find(({ observation }) => observation.name === node)!);
      assert.notDeepEqual(faultsOf(looks), []);
    }),
    { numRuns: 500 },
  );
});

test('the role in tables is that of the signals', () => {
  const [master, slave] = wellLooks(topology).readings;
  const role = (change: Change, of: NodeReading): string => {
    const reading = structuredClone(of);
    change(reading);
    return roleOf(nodeNamed(topology, reading.observation.name), reading);
  };
  assert.equal(
    role(() => undefined, master!),
    'master',
  );
  assert.equal(
    role(() => undefined, slave!),
    'slave',
  );
  assert.equal(role(dead, master!), 'down');
  assert.equal(role(answers({ state: 'unauthorized' }), master!), 'master');
  assert.equal(role(seen({ process: { alive: true, state: 'T' } }), master!), 'unknown');
  assert.equal(role(seen({ log: { role: 'starting' } }), slave!), 'starting');
});
