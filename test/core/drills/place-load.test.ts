import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { loadRequestText } from '../../../core/drills/load-request.js';
import { addStatuses, parseLoadStatus } from '../../../core/drills/load-status.js';
import { loadHosts, placeLoad, type PlacedFlow } from '../../../core/drills/place-load.js';
import { scenarioSchema, type ScenarioInput } from '../../../core/drills/scenario.js';
import { browseTasks, stuckOf, stuckText } from '../../../core/drills/stuck.js';
import type { Topology } from '../../../core/topology/topology.js';
import { aParsedTopology } from '../../support/topologies.js';

type Flows = NonNullable<NonNullable<ScenarioInput['load']>['flows']>;

function placing(
  topology: Topology,
  flows: Flows,
  { avoid = [] as string[], targetGroup = null as string | null } = {},
) {
  const { load } = scenarioSchema.parse({
    version: 1,
    name: 'x',
    target: { role: 'none' },
    fault: { kind: 'none', holdSeconds: 1 },
    load: { flows },
  });
  return placeLoad(topology, { flows: load.flows, drill: 'd1', avoid, targetGroup });
}

function placed(...args: Parameters<typeof placing>): PlacedFlow[] {
  const result = placing(...args);
  assert.ok(Array.isArray(result), JSON.stringify(result));
  return result;
}

const onTwoHosts = aParsedTopology({ hosts: 2, nodesPerGroup: 1 });

describe('the load', () => {
  test('runs from hosts of its own groups, over URLs that never give up', () => {
    const [flow] = placed(onTwoHosts, [{ from: 'g1', to: 'g2', perSecond: 5 }]);
    assert.deepEqual([flow?.producersOn, flow?.consumersOn], ['h1', 'h2']);
    assert.equal(flow?.flow, 'g1-g2');
    assert.equal(flow.queue, 'EVERBROKER.DRILL.d1.g1-g2');
    assert.match(flow.fromUrl, /^failover:\(tcp:\/\/172\.29\.0\.11:61001\)\?randomize=false&/);
    assert.doesNotMatch(flow.fromUrl, /timeout=\d|[mM]axReconnectAttempts/);
    assert.deepEqual(loadHosts([flow]), ['h1', 'h2']);
  });

  test('goes to the group that is hit, and back to it, unless the scenario says otherwise', () => {
    const ends = (targetGroup: string | null, flow: Flows[number]) => {
      const [{ from, to } = { from: '', to: '' }] = placed(onTwoHosts, [flow], { targetGroup });
      return [from, to];
    };
    assert.deepEqual(ends('g2', {}), ['g2', 'g2']);
    assert.deepEqual(ends(null, {}), ['g1', 'g1']);
    assert.deepEqual(ends('g2', { from: 'g1' }), ['g1', 'g1']);
    assert.deepEqual(ends('g2', { to: 'g1' }), ['g2', 'g1']);
  });

  test('leaves the hosts that the fault touches', () => {
    const [flow] = placed(onTwoHosts, [{ from: 'g1', to: 'g2' }], { avoid: ['h1'] });
    assert.deepEqual([flow?.producersOn, flow?.consumersOn], ['h2', 'h2']);
  });

  test('stays with its brokers when all hosts are touched', () => {
    const [flow] = placed(onTwoHosts, [{ from: 'g1', to: 'g2' }], { avoid: ['h1', 'h2'] });
    assert.deepEqual([flow?.producersOn, flow?.consumersOn], ['h1', 'h2']);
  });

  test('cannot run when the only host is touched, and says what to do', () => {
    const result = placing(aParsedTopology(), [{}], { avoid: ['h1'] });
    assert.ok('problem' in result && /another host/.test(result.problem));
  });

  test('cannot run where no bridge leads, or to a group that is not there', () => {
    const apart = aParsedTopology({ bridges: false });
    for (const flow of [{ from: 'g1', to: 'g2' }, { from: 'g9' }])
      assert.ok('problem' in placing(apart, [flow]), JSON.stringify(flow));
  });

  test('has a name for each flow', () => {
    const names = placed(onTwoHosts, [{}, {}, { to: 'g2' }]).map(({ flow }) => flow);
    assert.deepEqual(names, ['g1-g1', 'g1-g1.2', 'g1-g2']);
  });

  test('speaks TLS where the cluster does', () => {
    const topology = aParsedTopology({}, { security: { tls: true } });
    assert.match(placed(topology, [{}])[0]?.fromUrl ?? '', /^failover:\(ssl:/);
  });
});

describe('the request of a host', () => {
  const flows = placed(onTwoHosts, [{ from: 'g1', to: 'g2', perSecond: 0.5, producers: 3 }, { from: 'g2' }]);
  const request = (host: string) =>
    loadRequestText({ drill: 'd1', host, flows, ca: null, atMostSeconds: 1.5 }).split('\n');

  test('has the ends that it runs, and no password', () => {
    assert.deepEqual(
      request('h1').filter((line) => /^(run|deadlineMs|name|from|to|perSecond|producers|password)=/.test(line)),
      ['run=d1', 'deadlineMs=1500', 'name=g1-g2', `from=${flows[0]?.fromUrl}`, 'perSecond=0.5', 'producers=3'],
    );
    assert.deepEqual(
      request('h2').filter((line) => /^(name|from|to)=/.test(line)),
      ['name=g1-g2', `to=${flows[0]?.toUrl}`, 'name=g2-g2', `from=${flows[1]?.fromUrl}`, `to=${flows[1]?.toUrl}`],
    );
  });
});

describe('the state of the load', () => {
  const flow = { flow: 'f', sent: 5, acknowledged: 4, failed: 0, unknown: 1, delivered: 0 };
  const text = JSON.stringify({ state: 'running', life: 1, producers: 1, consumers: 0, flows: [flow], errors: [] });

  test('is running only while its process lives', () => {
    assert.equal(parseLoadStatus(text, true)?.running, true);
    assert.equal(parseLoadStatus(text, false)?.running, false);
    assert.equal(parseLoadStatus(text.replace('running', 'ended'), true)?.running, false);
    assert.equal(parseLoadStatus('', true), null);
  });

  test('adds up what the ends of a flow say on their hosts', () => {
    const producers = parseLoadStatus(text, true)!;
    const consumers = { ...producers, flows: [{ ...flow, sent: 0, acknowledged: 0, unknown: 0, delivered: 3 }] };
    assert.deepEqual(addStatuses([producers, consumers]), [{ ...flow, delivered: 3 }]);
  });
});

describe('what is stuck', () => {
  const flows = placed(onTwoHosts, [{ from: 'g1', to: 'g2' }]);

  test('is looked for at every group, by ways that give up', () => {
    const tasks = browseTasks(onTwoHosts, flows, 5000);
    assert.deepEqual(
      tasks.map(({ name }) => name),
      ['g1-g2 g1', 'g1-g2 g2'],
    );
    for (const { from } of tasks) assert.match(from, /startupMaxReconnectAttempts=\d+/);
  });

  test('is told by place, and written down for the ledger', () => {
    const report = { task: 'browse' as const, outcome: 'complete' as const, errors: [], foreign: 0 };
    const stuck = stuckOf(flows, [
      { ...report, name: 'g1-g2 g1', count: 4, ids: '101:0-1,7 102:5' },
      { ...report, name: 'g1-g2 g2', count: 0, ids: '' },
    ]);
    assert.deepEqual(
      stuck.map(({ flow, broker, count }) => [flow, broker, count]),
      [['g1-g2', 'g1', 4]],
    );
    assert.deepEqual(stuckText(stuck).split('\n'), [
      'queue g1-g2 EVERBROKER.DRILL.d1.g1-g2 g1.',
      'q 101 0.',
      'q 101 1.',
      'q 101 7.',
      'q 102 5.',
      '',
    ]);
  });
});
