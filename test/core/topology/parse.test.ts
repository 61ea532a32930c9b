import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatProblems, parseTopology, parseTopologyText } from '../../../core/topology/parse.js';
import type { ParseResult } from '../../../core/topology/parse.js';
import type { TopologyInput } from '../../../core/topology/schema.js';
import { aTopology, arbTopology } from '../../support/topologies.js';

const topologies = new URL('../../../topologies/', import.meta.url);
const shipped = readdirSync(topologies).filter((file) => file.endsWith('.yaml'));
const readShipped = (file: string) =>
  parseTopologyText(readFileSync(new URL(file, topologies), 'utf8'), { name: file });

function accepted(result: ParseResult) {
  assert.ok(result.ok, result.ok ? '' : formatProblems(result.problems));
  return result;
}

describe('the shipped topologies', () => {
  test('are the default, the recipe, and one for each other way to build a network', () => {
    const names = [
      'ha-2-hosts',
      'ha-3',
      'ha-6-recipe',
      'ha-6',
      'ha-6-ssh',
      'jdbc-mariadb',
      'jdbc-postgresql',
      'leveldb-zookeeper',
      'network-mesh',
      'network-multicast',
      'tls',
    ];
    assert.deepEqual(shipped.toSorted(), names.map((name) => `${name}.yaml`).toSorted());
  });

  for (const file of shipped) {
    test(`${file} parses, under the name of its file`, () => {
      assert.equal(accepted(readShipped(file)).topology.name, file.replace('.yaml', ''));
    });
  }

  test('the default polls its lock within a second, replays stranded messages, and prefers its subnet', () => {
    const { topology } = accepted(readShipped('ha-6.yaml'));
    for (const { store } of Object.values(topology.groups)) {
      assert.ok(store.kind === 'kahadb' && store.lockPollMs <= 1000 && store.lockKeepAliveMs <= 1000);
    }
    assert.equal(topology.strandedMessages, 'replay');
    assert.equal(topology.bridges[0]?.discovery, 'masterslave');
    for (const host of Object.values(topology.hosts)) {
      assert.ok(host.kind === 'docker' && host.network.policy === 'preferred' && host.publish === '127.0.0.1');
    }
  });

  test('the recipe keeps its version, names, subnet and discovery, and warns of its vulnerability', () => {
    const { topology, warnings } = accepted(readShipped('ha-6-recipe.yaml'));
    assert.equal(topology.activemq.version, '5.15.12');
    const { mqbrokerAA } = topology.hosts;
    assert.ok(mqbrokerAA?.kind === 'docker');
    assert.deepEqual(
      [mqbrokerAA.container, mqbrokerAA.address, mqbrokerAA.network],
      ['mqbrokerAA', '172.18.0.112', { name: 'qqnetwork', subnet: '172.18.0.0/16', policy: 'pinned' }],
    );
    assert.deepEqual(topology.bridges, [
      { name: 'brokerB', from: 'brokerA', to: 'brokerB', duplex: true, discovery: 'static', backOff: 'default' },
    ]);
    assert.ok(warnings.some(({ path, message }) => path === 'activemq.version' && message.includes('CVE-2023-46604')));
  });
});

test('every problem is listed at once: those of the fields and those between them', () => {
  const input = {
    ...aTopology({ hosts: 2 }),
    name: 'UPPER',
    bridges: [5, { name: 'b', from: 'g1', to: 'nowhere', dplex: true }, { name: 'b', from: 'g1', to: 'g2' }],
    limits: { heap: { initialMb: 512 }, storeMb: '1' },
    groups: {
      g1: {
        store: { kind: 'kahadb', directory: '/etc' },
        nodes: {
          n1: { host: 'h9', openwire: 'x', console: 8161 },
          n2: { host: 'h2', openwire: 61617, console: 61617 },
        },
      },
      g2: { store: { kind: 'kahadb', directory: '/srv/b' }, nodes: {} },
    },
  };
  const result = parseTopology(input);
  assert.ok(!result.ok);
  assert.deepEqual(
    result.problems.map(({ path }) => path).toSorted(),
    [
      'bridges[0]',
      'bridges[1].dplex',
      'bridges[1].to',
      'bridges[2].name',
      'groups.g1.nodes.n1.host',
      'groups.g1.nodes.n1.openwire',
      'groups.g1.nodes.n2.console',
      'groups.g1.store.directory',
      'groups.g2.nodes',
      'limits.heap.initialMb',
      'limits.storeMb',
      'name',
    ].toSorted(),
    formatProblems(result.problems),
  );
});

test('what is not supported yet is named beside what is wrong, and then the input is invalid', () => {
  const base = aTopology();
  const result = parseTopology({ ...base, name: 'X', activemq: { version: '6.1.0' } });
  assert.ok(!result.ok);
  assert.equal(result.type, 'InvalidInput');
  assert.deepEqual(
    result.problems.map(({ code }) => code),
    ['schema', 'version-not-supported'],
  );
});

describe('a topology that is accepted warns', () => {
  const base = aTopology();
  const one = { host: 'h1', openwire: 61616, console: 8161 };
  const h1 = { kind: 'docker' as const, address: '172.29.0.11', network: { name: 'testnet', subnet: '172.29.0.0/16' } };
  const store = { kind: 'kahadb' as const, directory: '/srv/a' };
  const sha512 = 'a'.repeat(128);
  const rows: [string, Partial<TopologyInput>, string, RegExp][] = [
    [
      'of a group without standby',
      { groups: { g1: { store, nodes: { n1: one } } }, bridges: [] },
      'groups.g1.nodes',
      /no standby/,
    ],
    [
      'of a port that an outgoing connection may hold',
      { groups: { g1: { store, nodes: { n1: { ...one, openwire: 40_000 } } } }, bridges: [] },
      'groups.g1.nodes.n1.openwire',
      /port 40000 may be that of an outgoing connection/,
    ],
    ['of a group on one host', {}, 'groups.g1.nodes', /does not survive/],
    [
      'of a host without nodes',
      { hosts: { h1, h2: { ...h1, address: '172.29.0.12' } } },
      'hosts.h2',
      /nothing is on host h2/,
    ],
    [
      'of ports on every address',
      { hosts: { h1: { ...h1, publish: '0.0.0.0' } } },
      'hosts.h1.publish',
      /every address/,
    ],
    ['of openwire without login', { security: { openwireLogin: false } }, 'security.openwireLogin', /anyone/],
    ['of an untested version', { activemq: { version: '5.17.5' } }, 'activemq.version', /5.17.5 is not tested/],
    ['of a vulnerable version', { activemq: { version: '5.17.5' } }, 'activemq.version', /CVE-2023-46604/],
    ['of a version without support', {}, 'activemq.version', /out of support/],
    [
      'of an archive of another version',
      { activemq: { version: '5.18.3', source: { kind: 'file', file: 'apache-activemq-5.15.12-bin.tar.gz', sha512 } } },
      'activemq.source.file',
      /looks like version 5.15.12/,
    ],
    [
      'of a slow lock',
      {
        groups: {
          ...base.groups,
          g1: { store: { ...store, lockPollMs: 5000 }, nodes: base.groups['g1']?.nodes ?? {} },
        },
      },
      'groups.g1.store.lockPollMs',
      /5000 ms/,
    ],
    [
      'of a slow bridge',
      { bridges: [{ name: 'b', from: 'g1', to: 'g2', backOff: 'default' }] },
      'bridges[0].backOff',
      /30 s/,
    ],
    ['of a group on one host', {}, 'groups.g1.nodes', /on host h1: a single point of failure/],
    ['of stranded messages', { strandedMessages: 'keep' }, 'strandedMessages', /stay there/],
    [
      'of a public subnet',
      { hosts: { h1: { ...h1, address: '8.8.0.5', network: { name: 'n', subnet: '8.8.0.0/16' } } } },
      'hosts.h1.network.subnet',
      /no private subnet/,
    ],
    [
      'of frames as large as the heap',
      { limits: { maxFrameSizeBytes: 268435456 } },
      'limits.maxFrameSizeBytes',
      /whole heap/,
    ],
  ];
  for (const [name, overrides, path, words] of rows) {
    test(name, () => {
      const { warnings } = accepted(parseTopology(aTopology({}, overrides)));
      assert.ok(
        warnings.some((warning) => warning.path === path && words.test(warning.message)),
        formatProblems(warnings),
      );
    });
  }

  test('of no single point of failure where a group is on two hosts, which the way out names', () => {
    const points = (hosts: number) =>
      accepted(parseTopology(aTopology({ hosts }))).warnings.filter(({ code }) => code === 'single-point-of-failure');
    assert.deepEqual(
      points(1).map(({ path, suggestion }) => `${path}: ${suggestion}`),
      ['g1', 'g2'].map((group) => `groups.${group}.nodes: put its nodes on two hosts, as the topology ha-2-hosts does`),
    );
    assert.deepEqual(points(2), []);
  });
});

test('61 nodes are one more than a deployment holds', () => {
  assert.ok(accepted(parseTopology(aTopology({ groups: 6, nodesPerGroup: 10 }))));
  const nodes = Object.fromEntries(
    Array.from({ length: 61 }, (_, index) => [
      `n${index}`,
      { host: 'h1', openwire: 2000 + index, console: 3000 + index },
    ]),
  );
  const result = parseTopology(
    aTopology({ groups: 1 }, { groups: { g1: { store: { kind: 'kahadb', directory: '/srv/a' }, nodes } } }),
  );
  assert.ok(!result.ok);
  assert.match(formatProblems(result.problems), /groups: 61 nodes are more than the 60/);
});

describe('any topology', () => {
  test('that is valid parses, and parsing it again changes nothing', () => {
    fc.assert(
      fc.property(arbTopology, (input) => {
        const { topology, warnings } = accepted(parseTopology(input));
        const again = accepted(parseTopology(JSON.parse(JSON.stringify(topology))));
        assert.deepEqual(again, { ok: true, topology, warnings });
      }),
      { numRuns: 100 },
    );
  });

  test('with anything put anywhere is accepted or refused with paths, and never throws', () => {
    const anything = fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withSet: true });
    const newKey = fc.option(fc.string());
    fc.assert(
      fc.property(
        arbTopology,
        fc.record({ where: fc.nat(), value: anything, newKey }),
        (input, { where, value, newKey }) => {
          const tree: unknown = structuredClone(input);
          const holders = objectsIn(tree);
          const holder = holders[where % holders.length] ?? {};
          const keys = Object.keys(holder);
          const key = newKey ?? keys[where % Math.max(1, keys.length)] ?? 'x';
          Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
          const result = parseTopology(tree);
          if (result.ok) return;
          assert.ok(result.problems.length > 0);
          for (const problem of result.problems) assert.ok(problem.path !== '' && problem.message !== '');
          assert.equal(formatProblems(result.problems).split('\n').length, Math.min(51, result.problems.length));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('is read from text that was cut or garbled without throwing', () => {
    fc.assert(
      fc.property(arbTopology, fc.nat(), fc.string({ maxLength: 5 }), (input, where, garbage) => {
        const text = JSON.stringify(input, null, 1);
        const at = where % text.length;
        const result = parseTopologyText(text.slice(0, at) + garbage + text.slice(at + 1));
        assert.ok(result.ok || result.problems.length > 0);
      }),
      { numRuns: 100 },
    );
  });

  test('that is no object at all is refused', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const result = parseTopology(value);
        assert.ok(!result.ok && result.problems.length > 0);
      }),
    );
  });
});

function objectsIn(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(objectsIn)];
}
