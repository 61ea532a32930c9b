/** What ZooKeeper knows of a group against what its hosts show: each disagreement has its own name. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judgeGroup } from '../../../core/health/roles.js';
import { judgeStore, type Member, type StoreReading } from '../../../core/health/store-reading.js';
import { nodeNamed } from '../../../core/topology/topology.js';
import { wellLooks } from '../../support/readings.js';
import { aReplicatedTopology, parsed } from '../../support/topologies.js';

const topology = parsed(aReplicatedTopology());
const at = (host: number): string => `tcp://172.29.0.${host + 10}:61200`;

/** Registered in this order; the first counts the votes. */
const members = (elected: string | null, ...addresses: (string | null)[]): StoreReading => ({
  state: 'registered',
  members: addresses.map((address, index): Member => ({
    id: `0000000000${index + 1}`,
    address,
    elected: index === 0 ? elected : null,
  })),
});
const well = members('0000000001', at(1), null, null);

function judge(readings: StoreReading[], master: string | null = 'n1'): string {
  const [check] = judgeStore(topology, 'g1', { readings, master });
  assert.ok(check);
  return check.ok ? `ok: ${check.detail}` : `${check.fault}: ${check.detail}`;
}

describe('the election of a group', () => {
  test('is well when the master is elected and all nodes are registered', () =>
    assert.equal(judge([well]), 'ok: n1 is elected, 3 of 3 nodes of g1 are registered in ZooKeeper'));

  test('is well when the one that counts the votes elected another', () =>
    assert.match(judge([members('0000000002', null, at(1), null)]), /^ok: n1 is elected/));

  const rows: { when: string; readings: StoreReading[]; master?: string | null; says: RegExp }[] = [
    {
      when: 'another node is elected than the one that serves',
      readings: [members('0000000003', null, null, at(2))],
      says: /^ElectedElsewhere: ZooKeeper says that n2 is elected in g1, but n1 serves$/,
    },
    {
      when: 'nobody serves though one is elected',
      readings: [well],
      master: null,
      says: /^ElectedElsewhere: .* n1 is elected in g1, and nobody serves$/,
    },
    {
      when: 'a master that was demoted is still registered with its address',
      readings: [members('0000000002', at(1), at(2), null)],
      says: /^ElectedElsewhere: ZooKeeper says that n2 is elected/,
    },
    {
      when: 'one is elected that is none of the nodes',
      readings: [members('0000000001', 'tcp://172.29.0.99:1', null, null)],
      says: /^ElectedElsewhere: .*tcp:\/\/172\.29\.0\.99:1, which is none of its nodes/,
    },
    {
      when: 'nobody is elected while one serves',
      readings: [members(null, at(1), null, null)],
      says: /^NobodyElected: nobody is elected in g1, but n1 serves; 3 of 3 nodes/,
    },
    {
      when: 'nobody was ever registered',
      readings: [members(null)],
      master: null,
      says: /^NobodyElected: nobody is elected in g1, and nobody serves; 0 of 3 nodes/,
    },
    {
      when: 'the elected one is there no more',
      readings: [members('0000000009', null, at(1), null)],
      says: /^NobodyElected/,
    },
    {
      when: 'the elected one has no address yet',
      readings: [members('0000000001', null, null, null)],
      master: null,
      says: /^ElectedElsewhere: .* one that has not started is elected in g1, and nobody serves$/,
    },
    {
      when: 'a node is missing, and with it a copy',
      readings: [members('0000000001', at(1), null)],
      says: /^ReplicaMissing: 2 of 3 nodes of g1 are registered in ZooKeeper: what is stored has fewer copies/,
    },
    {
      when: 'one host cannot reach ZooKeeper, though another can',
      readings: [well, { state: 'unreachable', detail: 'h1:2181: Connection refused' }],
      says: /^StoreUnreachable: ZooKeeper cannot be asked for g1: h1:2181: Connection refused$/,
    },
    { when: 'nobody could ask', readings: [], says: /^HostUnseen: nobody could ask ZooKeeper/ },
    {
      when: 'what was asked was a database',
      readings: [{ state: 'read', holder: 'test.n1', leftMs: 1 }],
      says: /^StoreUnreachable: what answers for g1 is no ZooKeeper/,
    },
  ];
  for (const { when, readings, master, says } of rows)
    test(`is amiss when ${when}`, () => assert.match(judge(readings, master), says));
});

describe('a group on replicated LevelDB', () => {
  const looks = (change: (looks: ReturnType<typeof wellLooks>) => void) => {
    const seen = structuredClone(wellLooks(topology));
    for (const { observation } of seen.readings) observation.lock = 'unknown';
    const [master] = seen.readings;
    assert.ok(master);
    master.observation.listening.push(nodeNamed(topology, 'n1').replication ?? 0);
    master.store = well;
    change(seen);
    return judgeGroup(topology, 'g1', seen).checks.flatMap(({ ok, name, fault }) => (ok ? [] : [`${name}: ${fault}`]));
  };

  test('is well when all signals agree, and its master listens for the copies as well', () =>
    assert.deepEqual(
      looks(() => undefined),
      [],
    ));

  test('is not when its master gives nobody a copy', () =>
    assert.deepEqual(
      looks(({ readings }) => readings[0]?.observation.listening.pop()),
      ['n1 of g1: WrongPort'],
    ));

  test('is not when a slave gives copies as if it were the master', () =>
    assert.deepEqual(
      looks(({ readings }) => readings[1]?.observation.listening.push(61200)),
      ['n2 of g1: WrongPort'],
    ));
});
