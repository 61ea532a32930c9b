/** Replicated LevelDB and the ensembles that it needs: what does not fit is refused at its place, and with nothing else. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseTopology } from '../../../core/topology/parse.js';
import type { TopologyInput } from '../../../core/topology/schema.js';
import { aReplicatedTopology } from '../../support/topologies.js';

type Change = (input: TopologyInput) => void;

const changed = (...changes: Change[]): TopologyInput => {
  const input = aReplicatedTopology();
  for (const change of changes) change(input);
  return input;
};

const store =
  (values: Record<string, unknown>): Change =>
  (input) => {
    const group = input.groups.g1!;
    group.store = Object.fromEntries(
      Object.entries({ ...group.store, ...values }).filter(([, value]) => value !== undefined),
    ) as typeof group.store;
  };
const ensemble =
  (values: Record<string, unknown>): Change =>
  ({ ensembles }) =>
    Object.assign(ensembles!['zoo']!, values);
const withoutNode =
  (name: string): Change =>
  ({ groups }) =>
    delete groups.g1!.nodes[name];

function problemsOf(input: TopologyInput): string[] {
  const result = parseTopology(input);
  return result.ok ? [] : result.problems.map(({ path, message, code }) => `${path} [${code}] ${message}`);
}

const rows: { name: string; changes: Change[]; says: RegExp }[] = [
  {
    name: 'ActiveMQ that has no LevelDB',
    changes: [(input) => (input.activemq.version = '5.18.3')],
    says: /^groups\.g1\.store \[leveldb-removed\] ActiveMQ 5\.18\.3 has no LevelDB/,
  },
  {
    name: 'LevelDB without knowing what it is',
    changes: [store({ acknowledge: undefined })],
    says: /^groups\.g1\.store\.acknowledge \[schema\]/,
  },
  {
    name: 'no ZooKeeper at all',
    changes: [store({ ensemble: undefined }), (input) => delete input.ensembles],
    says: /^groups\.g1\.store \[store-ensemble\] names no ZooKeeper/,
  },
  {
    name: 'two ZooKeepers',
    changes: [store({ zookeeper: 'zoo1:2181' })],
    says: /^groups\.g1\.store\.zookeeper \[store-ensemble\] the ensemble zoo is named already/,
  },
  {
    name: 'servers without ports',
    changes: [store({ ensemble: undefined, zookeeper: 'zoo1,zoo2' }), (input) => delete input.ensembles],
    says: /^groups\.g1\.store\.zookeeper \[schema\] must look like zoo1:2181/,
  },
  {
    name: 'an ensemble that the topology does not have',
    changes: [store({ ensemble: 'zoe' })],
    says: /^groups\.g1\.store\.ensemble \[ensemble-unknown\] there is no ensemble zoe/,
  },
  {
    name: 'two nodes, which both are the majority',
    changes: [withoutNode('n3')],
    says: /^groups\.g1\.nodes \[leveldb-nodes\] g1 has 2: without either of them there would be no majority/,
  },
  {
    name: 'a node without a port for the copies',
    changes: [(input) => delete input.groups.g1!.nodes['n2']!.replication],
    says: /^groups\.g1\.nodes\.n2\.replication \[replication-port\] n2 has no port/,
  },
  {
    name: 'such a port on a store that is not replicated',
    changes: [
      (input) => {
        input.groups['g2'] = {
          store: { kind: 'kahadb', directory: '/srv/g2' },
          nodes: { n9: { host: 'h1', openwire: 61100, console: 18100, replication: 61300 } },
        };
      },
    ],
    says: /^groups\.g2\.nodes\.n9\.replication \[replication-port\] a kahadb store is not replicated/,
  },
  {
    name: 'a port for the copies that is taken on the host',
    changes: [(input) => (input.groups.g1!.nodes['n2']!.replication = 18002)],
    says: /^groups\.g1\.nodes\.n2\.replication \[port-twice\] port 18002 is taken on the same host by n2 \(console\)/,
  },
  {
    name: 'a Java on which the store is not known to run',
    changes: [(input) => (input.java = { minimum: 21 })],
    says: /^java\.minimum \[leveldb-java\]/,
  },
  {
    name: 'a package with such a Java',
    changes: [(input) => (input.java = { source: { kind: 'packages', package: 'openjdk-21-jre-headless' } })],
    says: /^java\.source\.package \[leveldb-java\] LevelDB's store is not known to run on Java 21/,
  },
  {
    name: 'a session shorter than any pause',
    changes: [store({ sessionTimeoutMs: 100 })],
    says: /^groups\.g1\.store\.sessionTimeoutMs \[schema\]/,
  },
  {
    name: 'an ensemble without servers',
    changes: [ensemble({ hosts: [] })],
    says: /^ensembles\.zoo\.hosts \[schema\] an ensemble has at least one server/,
  },
  {
    name: 'a server on a host that is not there',
    changes: [ensemble({ hosts: ['h1', 'h2', 'h9'] })],
    says: /^ensembles\.zoo\.hosts\[2\] \[ensemble-host-unknown\] there is no host h9/,
  },
  {
    name: 'a server on the port of a broker',
    changes: [ensemble({ peerPort: 61002 })],
    says: /^ensembles\.zoo\.peerPort \[ensemble-port\] port 61002 is taken on the same host by n2/,
  },
  {
    name: 'a server with the name of a node',
    changes: [
      ({ groups }) => {
        const { n1, ...others } = groups.g1!.nodes;
        groups.g1!.nodes = { 'zoo-2': n1!, ...others };
      },
    ],
    says: /^ensembles\.zoo \[ensemble-name\] there is a node zoo-2/,
  },
];

describe('replicated LevelDB is refused, with the place:', () => {
  for (const { name, changes, says } of rows) {
    test(name, () => {
      const problems = problemsOf(changed(...changes));
      assert.equal(problems.length, 1, problems.join('\n') || 'it was accepted');
      assert.match(problems[0] ?? '', says);
    });
  }

  test('two servers of an ensemble on one host', () => {
    const problems = problemsOf(changed(ensemble({ hosts: ['h1', 'h1', 'h2'] })));
    assert.match(problems.join('\n'), /^ensembles\.zoo\.hosts\[1\] \[ensemble-host-twice\] h1 has a server/m);
  });

  test('a server on another Docker network than the nodes', () => {
    const problems = problemsOf(
      changed(ensemble({ hosts: ['far'] }), ({ hosts }) => {
        hosts['far'] = { kind: 'docker', address: '172.28.0.9', network: { name: 'other', subnet: '172.28.0.0/16' } };
      }),
    );
    assert.match(problems.join('\n'), /^ensembles\.zoo\.hosts\[0\] \[ensemble-apart\] node n1 is on another/);
  });
});

describe('replicated LevelDB is accepted', () => {
  function warnings(...changes: Change[]): string[] {
    const input = changed(...changes);
    const result = parseTopology(input);
    assert.ok(result.ok, problemsOf(input).join('\n'));
    return result.warnings.map(({ path, code }) => `${path} ${code}`);
  }

  test('with an ensemble of three on three hosts, of which nothing is said but what ActiveMQ is', () =>
    assert.deepEqual(
      warnings().filter((warning) => !warning.endsWith(' advisory')),
      [],
    ));

  for (const [what, change, warning] of [
    ['one server', ensemble({ hosts: ['h1'] }), 'ensembles.zoo.hosts ensemble-size'],
    ['two servers', ensemble({ hosts: ['h1', 'h2'] }), 'ensembles.zoo.hosts ensemble-size'],
    ['a long session', store({ sessionTimeoutMs: 20_000 }), 'groups.g1.store.sessionTimeoutMs session-slow'],
    ['messages in memory', store({ sync: 'quorum_mem' }), 'groups.g1.store.sync sync-memory'],
    [
      'a ZooKeeper that exists',
      store({ ensemble: undefined, zookeeper: 'z:2181' }),
      'groups.g1.store.zookeeper zookeeper-open',
    ],
    [
      'an ensemble that nobody uses',
      store({ ensemble: undefined, zookeeper: 'z:2181' }),
      'ensembles.zoo ensemble-unused',
    ],
    [
      'four nodes',
      (input) => (input.groups.g1!.nodes['n4'] = { host: 'h1', openwire: 61044, console: 18044, replication: 61244 }),
      'groups.g1.nodes leveldb-nodes-even',
    ],
    [
      'machines, on which ZooKeeper is open to others',
      (input) => (input.hosts = mapped(input.hosts, (_, index) => ({ kind: 'ssh', address: `192.0.2.${index + 1}` }))),
      'ensembles.zoo zookeeper-open',
    ],
  ] satisfies [string, Change, string][]) {
    test(`with a warning of ${what}`, () => {
      const found = warnings(change);
      assert.ok(found.includes(warning), found.join('\n'));
    });
  }
});

const mapped = (
  hosts: TopologyInput['hosts'],
  change: (name: string, index: number) => TopologyInput['hosts'][string],
): TopologyInput['hosts'] => Object.fromEntries(Object.keys(hosts).map((name, index) => [name, change(name, index)]));
