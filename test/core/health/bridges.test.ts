import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeBridges } from '../../../core/health/bridges.js';
import type { BridgeReading } from '../../../core/health/jolokia-reading.js';
import type { NodeReading } from '../../../core/health/roles.js';
import type { Topology } from '../../../core/topology/topology.js';
import { wellLooks } from '../../support/readings.js';
import { aParsedTopology, aTopology } from '../../support/topologies.js';

const topology = aParsedTopology();
const oneWay = aParsedTopology(
  {},
  { bridges: (aTopology().bridges ?? []).map((bridge) => ({ ...bridge, duplex: false })) },
);

const last = (of: Topology, node: string, change: (bridges: BridgeReading[]) => void) => judged(of, node, change, -1);

function judged(
  of: Topology,
  node: string,
  change: (bridges: BridgeReading[], reading: NodeReading) => void,
  index = 0,
) {
  const { readings } = structuredClone(wellLooks(of));
  const reading = readings.find(({ observation }) => observation.name === node)!;
  change(reading.broker.state === 'answered' ? reading.broker.broker.bridges : [], reading);
  return judgeBridges(of, readings).at(index)!;
}

test('a bridge that both of its ends know is connected', () => {
  const check = judged(topology, 'n1', () => undefined);
  assert.deepEqual([check.name, check.ok], ['bridge b1 is connected', true]);
});

const WRONG: [string, string, (bridges: BridgeReading[], reading: NodeReading) => void, RegExp][] = [
  [
    'the dialling end does not list',
    'n1',
    (bridges) => bridges.splice(0),
    /the master of g1 has no such connection to g2/,
  ],
  [
    'the dialled end does not list',
    'n3',
    (bridges) => bridges.splice(0),
    /the master of g2 has no such connection to g1/,
  ],
  [
    'leads to another broker',
    'n1',
    (bridges) => (bridges[0]!.remoteBroker = 'x'),
    /no such connection to g2 \(but one to x\)/,
  ],
  [
    'leads nowhere yet',
    'n1',
    (bridges) => (bridges[0]!.remoteBroker = null),
    /no such connection to g2 \(but one to nowhere\)/,
  ],
  ['is another connector’s', 'n1', (bridges) => (bridges[0]!.connector = 'other'), /no such connection/],
  ['is of the wrong kind', 'n1', (bridges) => (bridges[0]!.kind = 'duplexNetworkConnectors'), /no such connection/],
  [
    'nobody can tell of',
    'n3',
    (_bridges, reading) => (reading.broker = { state: 'timeout' }),
    /no broker of g2 answers that could tell/,
  ],
];
for (const [what, node, change, says] of WRONG) {
  test(`a bridge that ${what} is down`, () => {
    const check = judged(topology, node, change);
    assert.equal(check.fault, 'BridgeDown');
    assert.match(check.detail, says);
  });
}

test('of a bridge in one direction only the end that dials is asked', () => {
  assert.equal(judged(oneWay, 'n3', (bridges) => bridges.splice(0)).ok, true);
  assert.equal(judged(oneWay, 'n1', (bridges) => bridges.splice(0)).ok, false);
});

const stranger: BridgeReading = {
  kind: 'duplexNetworkConnectors',
  connector: '#1',
  remoteBroker: 'elsewhere',
  remoteAddress: 'tcp://10.0.0.9:40000',
  createdByDuplex: true,
  enqueued: 0,
  dequeued: 0,
};

test('a group that has only the bridges of its topology, standing or not, has no other ones', () => {
  assert.deepEqual(
    [last(topology, 'n3', () => undefined).name, last(topology, 'n3', () => undefined).ok],
    ['g2 has no other bridges', true],
  );
  assert.equal(last(topology, 'n3', (bridges) => (bridges[0]!.remoteBroker = null)).ok, true);
});

const OTHERS: [string, Topology, (bridges: BridgeReading[]) => void, RegExp][] = [
  ['that a stranger dialled', topology, (bridges) => bridges.push(stranger), /#1 from elsewhere/],
  [
    'that somebody added at run time',
    topology,
    (bridges) => bridges.push({ ...stranger, kind: 'networkConnectors', connector: 'mine' }),
    /mine to elsewhere/,
  ],
  [
    'back, where only one direction is wanted',
    oneWay,
    (bridges) => bridges.push({ ...stranger, remoteBroker: 'g1' }),
    /#1 from g1/,
  ],
];
for (const [what, of, change, says] of OTHERS) {
  test(`a bridge ${what} is told as unexpected`, () => {
    const check = last(of, 'n3', change);
    assert.equal(check.fault, 'BridgeUnexpected');
    assert.match(check.detail, says);
  });
}
