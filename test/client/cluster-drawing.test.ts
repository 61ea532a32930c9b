/** The drawing of a drill's cluster: all of it is there, nothing lies on something else, and what was broken is marked. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { clusterDrawing } from '../../client/report/topology/drawing.js';
import { layOut, type Box } from '../../client/report/topology/layout.js';
import { marksOf, type Place } from '../../client/report/topology/marks.js';
import { sketchOf } from '../../client/report/topology/sketch.js';
import { recordedTopology } from '../../core/drills/record-topology.js';
import type { DrillRecord, Injection } from '../../core/drills/record.js';
import { aRecord, aScenario } from '../support/drills.js';
import { shippedTopology } from '../support/shipped.js';

const SHIPPED = readdirSync(new URL('../../topologies/', import.meta.url)).map((file) => file.replace('.yaml', ''));
const EVIL = '"><script>alert(1)</script>';

const anInjection = (parts: Partial<Injection>): Injection => {
  const [injection] = aRecord().injections;
  assert.ok(injection !== undefined);
  return { ...injection, ...parts };
};

/** Of a drill on a topology that is shipped. */
async function recordOn(name: string, injections: Injection[] = [], fault?: object): Promise<DrillRecord> {
  const scenario = fault === undefined ? aScenario() : { ...aScenario(), fault };
  return aRecord({ topology: recordedTopology(await shippedTopology(name)), injections, scenario, samples: [] });
}

const inside = (inner: Box, outer: Box): boolean =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.w <= outer.x + outer.w + 0.1 &&
  inner.y + inner.h <= outer.y + outer.h + 0.1;
const apart = (a: Box, b: Box): boolean => a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;

for (const name of SHIPPED)
  test(`${name}: every host, node, group, service and bridge is drawn, and no box lies on another`, async () => {
    const record = await recordOn(name);
    const { groups, hosts = [], services = [], bridges } = record.topology;
    const names = [
      ...Object.keys(groups),
      ...Object.values(groups).flatMap((nodes) => nodes.map(({ node }) => node)),
      ...hosts,
      ...services.flatMap(({ servers }) => servers.map((server) => server.name)),
      ...bridges.map((bridge) => bridge.name ?? '?'),
    ];
    const drawn = clusterDrawing(record);
    for (const one of names) assert.ok(drawn.includes(`>${one}<`), one);
    const sketch = sketchOf(record);
    for (const width of [1000, 352]) {
      const layout = layOut(sketch, { width, many: false });
      for (const [index, item] of layout.items.entries()) {
        assert.equal(layout.hosts.filter(({ box }) => inside(item.box, box)).length, 1, `${name} ${width}`);
        assert.equal(layout.bands.filter(({ box }) => inside(item.box, box)).length, 1, `${name} ${width}`);
        for (const other of layout.items.slice(index + 1)) assert.ok(apart(item.box, other.box), `${name} ${width}`);
      }
      for (const { lane } of layout.links) assert.ok(lane < layout.width, `${name} ${width}`);
    }
  });

const BROKEN: [string, Partial<Injection>, object, [Place, string, string][]][] = [
  ['ha-6', { kind: 'kill', targets: ['mq1'] }, { kind: 'kill' }, [['node', 'mq1', 'kill -9']]],
  ['ha-6', { kind: 'freeze', targets: ['mq4'] }, { kind: 'freeze' }, [['node', 'mq4', 'frozen']]],
  ['ha-2-hosts', { kind: 'lose-host', targets: ['mqhost1'] }, { how: 'kill' }, [['host', 'mqhost1', 'killed']]],
  ['ha-2-hosts', { kind: 'lose-host', targets: ['mqhost2'] }, { how: 'cut' }, [['host', 'mqhost2', 'cut off']]],
  ['ha-6', { kind: 'cut-bridge', targets: ['bridge brokerB'] }, {}, [['bridge', 'brokerB', 'cut']]],
  ['ha-3', { kind: 'disk-full', targets: ['mq1'], group: 'brokerA' }, {}, [['store', 'brokerA', 'disk full']]],
  ['ha-3', { kind: 'replace-lock', targets: ['mq1'], group: 'brokerA' }, {}, [['store', 'brokerA', 'lock replaced']]],
  ['jdbc-mariadb', { kind: 'restart-database', targets: ['database db'] }, {}, [['service', 'db', 'restarted']]],
  ['leveldb-zookeeper', { kind: 'expire-session', targets: ['mq2'] }, {}, [['node', 'mq2', 'no ZooKeeper']]],
  ['ha-6', { kind: 'something-new', targets: ['mqbrokerBB'] }, {}, [['host', 'mqbrokerBB', 'something-new']]],
  [
    'network-mesh',
    { kind: 'partition', targets: ['brokerA'] },
    { between: 'groups' },
    [
      ['group', 'brokerA', 'cut off'],
      ['bridge', 'AtoB', 'cut'],
      ['bridge', 'CtoA', 'cut'],
    ],
  ],
];

for (const [name, parts, fault, places] of BROKEN)
  test(`${parts.kind} of ${parts.targets?.join()} is marked on the ${places.map(([place]) => place).join(', ')}, in words and hatched`, async () => {
    const record = await recordOn(name, [anInjection(parts)], fault);
    const marks = marksOf(record);
    for (const [place, on, words] of places) assert.deepEqual(marks.on(place, on), [{ numbers: [1], words }]);
    const all = (['node', 'host', 'group', 'store', 'service', 'bridge'] as const).flatMap((place) =>
      ['mq1', 'mq2', 'mq3', 'mq4', 'brokerA', 'brokerB', 'brokerC', 'mqhost1', 'mqhost2', 'mqbrokerAA', 'BtoC'].flatMap(
        (on) => (places.some((one) => one[0] === place && one[1] === on) ? [] : marks.on(place, on)),
      ),
    );
    assert.deepEqual(all, []);
    const drawn = clusterDrawing(record);
    for (const [, , words] of places) assert.match(drawn, new RegExp(`>[^<]*${words}[^<]*<`));
    const marked = places.every(([place]) => place === 'bridge')
      ? /stroke-dasharray="7 5"/
      : /url\(#cluster-wide-hatch\)|stroke-width="2.4"/;
    assert.match(drawn, marked);
    assert.doesNotMatch(clusterDrawing(await recordOn(name)), marked);
  });

test('nodes that were hit in their turn carry the numbers of the injections', async () => {
  const hits = ['mq1', 'mq2', 'mq1'].map((node) => anInjection({ kind: 'kill', targets: [node] }));
  const record = await recordOn('ha-6', hits, { kind: 'kill' });
  assert.deepEqual(marksOf(record).on('node', 'mq1'), [{ numbers: [1, 3], words: 'kill -9' }]);
  assert.match(clusterDrawing(record), />1, 3: kill -9</);
});

test('roles before the fault and at the end stand at the nodes, and the load at its groups', () => {
  const drawn = clusterDrawing(aRecord());
  for (const words of ['>master<', '>→ slave<', '>→ master<', '>2 100 acknowledged<', '>2 100 delivered<'])
    assert.ok(drawn.includes(words), words);
});

test('what a record does not tell is said instead of drawn', async () => {
  const old = clusterDrawing(aRecord({ ledger: null, samples: [] }));
  for (const words of [/stores, databases and ensembles/, /both ways was not recorded/, /no ledger/, /No roles/])
    assert.match(old, words);
  assert.doesNotMatch(old, /KahaDB|JDBC|LevelDB/);
  assert.doesNotMatch(clusterDrawing(await recordOn('ha-6')), /stores, databases|both ways/);
  const elsewhere = await recordOn('ha-6', [anInjection({ targets: ['gone'], detail: 'kill gone on nowhere' })]);
  assert.match(clusterDrawing(elsewhere), /Not in the drawing: kill gone on nowhere/);
});

test('names are text in the drawing, whatever they are', () => {
  const drawn = clusterDrawing(
    aRecord({
      cluster: EVIL,
      topology: {
        groups: { [EVIL]: [{ node: EVIL, host: EVIL }] },
        bridges: [{ from: EVIL, to: EVIL, name: EVIL, duplex: true }],
        hosts: [EVIL],
        stores: { [EVIL]: { kind: EVIL, service: EVIL } },
        services: [{ name: EVIL, engine: EVIL, servers: [{ name: EVIL, host: EVIL }] }],
      },
      injections: [anInjection({ kind: EVIL, targets: [EVIL], detail: EVIL })],
    }),
  );
  assert.doesNotMatch(drawn, /<script/);
  assert.match(drawn, /&lt;script&gt;/);
});
