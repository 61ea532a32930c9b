import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { planDeploy } from '../../../core/plan/deploy.js';
import type { Known } from '../../../core/plan/known.js';
import { movedStores, movedText } from '../../../core/plan/moved-stores.js';
import { isEmpty, stepsOf } from '../../../core/plan/step.js';
import { storeOf } from '../../../core/stores/index.js';
import type { Topology, TopologyInput } from '../../../core/topology/schema.js';
import { groupNames, nodesOfGroup } from '../../../core/topology/topology.js';
import { aDesired, carryOut, mastersOf, noHosts, stop, type Hosts } from '../../support/simulated-hosts.js';
import {
  aReplicatedTopology,
  aTopology,
  arbTopology,
  inDatabase,
  onMachines,
  parsed,
} from '../../support/topologies.js';

type StoreInput = TopologyInput['groups'][string]['store'];

const known = (topology: Topology, observed: Hosts, version = 'v1'): Known => ({
  topology,
  desired: aDesired(topology, version),
  observed,
  secretsChanged: false,
});

function deployed(topology: Topology, observed = noHosts(topology), version = 'v1'): Hosts {
  const at = known(topology, observed, version);
  return structuredClone(carryOut(topology, { plan: planDeploy(at), desired: at.desired }, observed));
}

function withStore(input: TopologyInput, store: StoreInput, group = 'g1'): Topology {
  const changed = structuredClone(input);
  changed.groups[group]!.store = store;
  return parsed(changed);
}

const existing = (url: string): StoreInput => ({ kind: 'jdbc', url, user: 'mq', password: 'env:EVERBROKER_DB' });
const OLD = 'jdbc:mariadb://db.example:3306/mq';
const input = aTopology({ groups: 2, nodesPerGroup: 3, hosts: 2 });
const before = withStore(input, existing(`${OLD}?socketTimeout=1`));
const moves = (topology: Topology, hosts = deployed(before)) =>
  movedStores(known(topology, hosts)).map(({ group, from, to, acknowledged }) => [group, from, to, acknowledged]);
const identity = (topology: Topology, group = 'g1'): string | null => storeOf(topology, group).identity;

describe('a group that would get another store', () => {
  const after = withStore(input, existing('jdbc:mariadb://other.example/mq'));

  test('is told with both, and with what to write so that it may', () => {
    const [moved, ...more] = movedStores(known(after, deployed(before)));
    assert.ok(moved && more.length === 0);
    const text = movedText(moved);
    assert.ok(
      text.startsWith(`the store of g1 is ${OLD} (n1, n3, n2) and would become jdbc:mariadb://other.example/mq`),
      text,
    );
    assert.ok(text.includes(`write \`movedFrom: ${OLD}\` into groups.g1.store`), text);
  });

  test('is told also when its nodes are stopped, but not when nothing of it is there any more', () => {
    const hosts = deployed(before);
    for (const { inside } of Object.values(hosts)) inside!.nodes.forEach(stop);
    assert.equal(moves(after, hosts).length, 1);
    assert.deepEqual(moves(after, noHosts(after)), []);
  });

  test('is told when it was renamed on the way, and when its nodes were', () => {
    const renamed = structuredClone(input);
    const { g1, ...others } = renamed.groups;
    renamed.bridges = [];
    renamed.groups = { ...others, gx: { ...g1!, store: existing('jdbc:mariadb://other.example/mq') } };
    assert.deepEqual(moves(parsed(renamed)), [['gx', [OLD], 'jdbc:mariadb://other.example/mq', false]]);
    const nodes = structuredClone(after);
    const { n1, n2, n3 } = nodes.groups['g1']!.nodes;
    nodes.groups['g1']!.nodes = { x1: n1!, x2: n2!, x3: n3! };
    assert.equal(moves(nodes).length, 1);
  });

  test('may by the name of its old store, and by no other', () => {
    const to = 'jdbc:mariadb://other.example/mq';
    const saying = (movedFrom: string) => moves(withStore(input, { ...existing(to), movedFrom }));
    assert.deepEqual(saying(OLD), [['g1', [OLD], to, true]]);
    assert.deepEqual(saying('jdbc:mariadb://elsewhere/mq'), [['g1', [OLD], to, false]]);
  });

  test('is stopped as a whole before one of its nodes starts, and other groups go on', () => {
    const topology = withStore(input, { ...existing('jdbc:mariadb://other.example/mq'), movedFrom: OLD });
    const plan = planDeploy(known(topology, deployed(before), 'v1'));
    const steps = plan.groups['g1']!.map((stage) => stage.map(({ id }) => id));
    assert.deepEqual(steps, [
      ['checkStore/g1/h1', 'checkStore/g1/h2'],
      ['stopNode/n1', 'stopNode/n2', 'stopNode/n3'],
      ['startNode/n1'],
      ['startNode/n2', 'startNode/n3'],
      ['verifyRoles/g1'],
    ]);
    assert.equal(plan.groups['g2'], undefined);
  });

  test('goes on from wherever the move was cut, and stays where it is afterwards', () => {
    const topology = withStore(input, { ...existing('jdbc:mariadb://other.example/mq'), movedFrom: OLD });
    const desired = aDesired(topology, 'v2');
    const start = deployed(before);
    const steps = stepsOf(planDeploy(known(topology, start, 'v2')));
    for (let cut = 0; cut <= steps.length; cut++) {
      const part = {
        networks: steps.slice(0, cut),
        hosts: {},
        secrets: [],
        groups: {},
        proof: [],
        afterwards: [],
        unseen: [],
      };
      const hosts = carryOut(topology, { plan: part, desired }, start);
      const rest = planDeploy(known(topology, hosts, 'v2'));
      const group = (rest.groups['g1'] ?? []).flat();
      const oldOnes = hosts['h1']!.inside!.nodes.concat(hosts['h2']!.inside!.nodes).filter(
        ({ store, process }) => store?.identity === OLD && process.alive,
      );
      const firstStart = group.findIndex(({ kind }) => kind === 'startNode');
      for (const { name } of oldOnes)
        assert.ok(
          group.slice(0, firstStart).some(({ id }) => id === `stopNode/${name}`),
          `cut at ${cut}: ${name}`,
        );
      const healed = carryOut(topology, { plan: rest, desired }, hosts);
      assert.equal(mastersOf(topology, healed, 'g1').length, 1, `cut at ${cut}`);
      assert.ok(isEmpty(planDeploy(known(topology, healed, 'v2'))), `cut at ${cut}`);
    }
  });
});

describe('the identity of a store', () => {
  test('is not changed by what does not change the store', () => {
    const same = [`${OLD}?socketTimeout=9`, 'jdbc:mysql://db.example:3306/mq'].map((url) =>
      withStore(input, existing(url)),
    );
    for (const topology of same) assert.deepEqual(moves(topology), []);
    const placed = parsed(inDatabase(input, 'mariadb'));
    const elsewhere = structuredClone(placed);
    for (const host of Object.values(elsewhere.hosts)) host.address = host.address.replace('172.29', '172.30');
    elsewhere.databases!['db']!.port = 3307;
    assert.equal(identity(elsewhere), identity(placed));
    assert.equal(identity(placed), 'mariadb:test.db.database/everbroker_g1');
  });

  test('is the volume of a KahaDB in containers, and the directory of a machine or of all', () => {
    assert.equal(identity(parsed(input)), 'kahadb:test.g1.store');
    const machines = onMachines(input);
    assert.equal(identity(parsed(machines)), 'kahadb:192.0.2.1:/usr/local/mqcluster/n1/data/kahadb');
    const shared = withStore(machines, { kind: 'kahadb', directory: '/mnt/mq', shared: true });
    assert.equal(identity(shared), 'kahadb:/mnt/mq');
  });

  test('is another for another engine, database, ensemble, and machine', () => {
    const input = aTopology({ groups: 1, nodesPerGroup: 2, hosts: 2 });
    const zookeeper = structuredClone(aReplicatedTopology());
    const { ensemble: _, ...store } = zookeeper.groups['g1']!.store as Extract<StoreInput, { kind: 'leveldb' }>;
    zookeeper.groups['g1']!.store = { ...store, zookeeper: 'b:1,a:2' };
    delete zookeeper.ensembles;
    const found = [
      parsed(inDatabase(input, 'mariadb')),
      parsed(inDatabase(input, 'postgresql')),
      parsed(inDatabase(onMachines(input), 'postgresql')),
      parsed(aReplicatedTopology()),
      parsed(zookeeper),
    ].map((topology) => identity(topology));
    assert.deepEqual(found, [
      'mariadb:test.db.database/everbroker_g1',
      'postgresql:test.db.database/everbroker_g1',
      'postgresql:192.0.2.2:db/everbroker_g1',
      'leveldb:zoo/everbroker.test.g1',
      'leveldb:a:2,b:1/everbroker.test.g1',
    ]);
  });

  test('of any topology is the same when it is deployed again', () => {
    fc.assert(
      fc.property(arbTopology, (any) => {
        const topology = parsed(any);
        for (const group of groupNames(topology)) {
          assert.match(identity(topology, group) ?? '', /^\S+$/);
          assert.ok(nodesOfGroup(topology, group).length > 0);
        }
        assert.deepEqual(movedStores(known(topology, deployed(topology))), []);
      }),
      { numRuns: 60 },
    );
  });
});
