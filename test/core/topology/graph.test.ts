import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasLoops, longestWay, waysOf } from '../../../core/topology/graph.js';
import type { Topology } from '../../../core/topology/schema.js';
import { parseTopology } from '../../../core/topology/parse.js';
import { aParsedTopology, aTopology } from '../../support/topologies.js';

/** `12 23>`: a duplex bridge between g1 and g2, and one from g2 to g3 only. */
function network(groups: number, joints: string): Topology {
  const bridges = joints
    .split(' ')
    .filter((joint) => joint !== '')
    .map((joint) => ({
      name: `b${joint.slice(0, 2)}`,
      from: `g${joint[0] ?? ''}`,
      to: `g${joint[1] ?? ''}`,
      duplex: !joint.endsWith('>'),
    }));
  return aParsedTopology({ groups, nodesPerGroup: 1 }, { bridges });
}

const TABLE: [string, Topology, { longest: number; loops: boolean; ways: number }][] = [
  ['one group', network(1, ''), { longest: 0, loops: false, ways: 0 }],
  ['a pair', network(2, '12'), { longest: 1, loops: false, ways: 2 }],
  ['a pair in one direction', network(2, '12>'), { longest: 1, loops: false, ways: 1 }],
  ['a pair of one-way bridges', network(2, '12> 21>'), { longest: 1, loops: false, ways: 2 }],
  ['a chain of three', network(3, '12 23'), { longest: 2, loops: false, ways: 6 }],
  ['a mesh of three', network(3, '12 23 31'), { longest: 1, loops: true, ways: 6 }],
  ['a ring of four', network(4, '12 23 34 41'), { longest: 2, loops: true, ways: 12 }],
  ['a ring of four in one direction', network(4, '12> 23> 34> 41>'), { longest: 3, loops: true, ways: 12 }],
  ['a hub of four', network(4, '12 13 14'), { longest: 2, loops: false, ways: 12 }],
  ['two pairs', network(4, '12 34'), { longest: 1, loops: false, ways: 4 }],
];
for (const [what, topology, expected] of TABLE) {
  test(`${what} has its longest way, its loops and its pairs counted`, () => {
    const found = { longest: longestWay(topology), loops: hasLoops(topology), ways: waysOf(topology).length };
    assert.deepEqual(found, expected);
  });
}

test('a way names the groups and bridges on it, in order', () => {
  const way = waysOf(network(4, '12 23 34')).find(({ from, to }) => from === 'g4' && to === 'g1');
  assert.deepEqual(way, { from: 'g4', to: 'g1', bridges: ['b34', 'b23', 'b12'], groups: ['g4', 'g3', 'g2', 'g1'] });
});

test('a way is never longer than one over another group, whatever the network', () => {
  const arc = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), fc.boolean());
  fc.assert(
    fc.property(fc.array(arc, { maxLength: 12 }), (arcs) => {
      const bridges = arcs.map(([from, to, duplex], index) => ({
        ...network(2, '12').bridges[0]!,
        name: `b${index}`,
        from: `g${from}`,
        to: `g${to}`,
        duplex,
      }));
      const ways = waysOf({ ...network(6, ''), bridges });
      const length = (from: string, to: string) =>
        from === to ? 0 : (ways.find((way) => way.from === from && way.to === to)?.bridges.length ?? Infinity);
      for (const { from, to, bridges: crossed, groups } of ways) {
        assert.equal(groups.length, crossed.length + 1);
        for (const over of ['g1', 'g2', 'g3', 'g4', 'g5', 'g6'])
          assert.ok(length(from, to) <= length(from, over) + length(over, to));
      }
    }),
  );
});

test('a topology whose groups cannot all send to each other is accepted with a warning that names them', () => {
  const warningsOf = (bridges: object[], groups: number): string[] => {
    const result = parseTopology(aTopology({ groups }, { bridges: bridges as never }));
    assert.ok(result.ok);
    return result.warnings
      .filter(({ code }) => code === 'groups-apart')
      .map(({ path, message }) => `${path}: ${message}`);
  };
  assert.deepEqual(warningsOf([{ name: 'b', from: 'g1', to: 'g2' }], 2), []);
  assert.deepEqual(warningsOf([{ name: 'b', from: 'g1', to: 'g2', duplex: false }], 2), [
    'groups.g2: messages from g2 do not reach g1',
  ]);
  assert.deepEqual(warningsOf([{ name: 'b', from: 'g1', to: 'g2' }], 3), [
    'groups.g1: messages from g1 do not reach g3',
    'groups.g2: messages from g2 do not reach g3',
    'groups.g3: messages from g3 do not reach g1, g2',
  ]);
});
