/** Which scenarios fit which topologies, and the reasons why others do not. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { fit } from '../../../core/drills/fit.js';
import { parseScenario, parseScenarioText } from '../../../core/drills/parse-scenario.js';
import type { Scenario } from '../../../core/drills/scenario.js';
import { formatProblems, parseTopologyText } from '../../../core/topology/parse.js';
import type { Topology } from '../../../core/topology/topology.js';
import { aParsedTopology, aTopology, onMachines, parsed } from '../../support/topologies.js';

const root = new URL('../../../', import.meta.url);

async function shippedTopology(name: string): Promise<Topology> {
  const result = parseTopologyText(await readFile(new URL(`topologies/${name}.yaml`, root), 'utf8'));
  assert.ok(result.ok, result.ok ? '' : formatProblems(result.problems));
  return result.topology;
}

async function shippedScenario(name: string): Promise<Scenario> {
  const result = parseScenarioText(await readFile(new URL(`scenarios/${name}.yaml`, root), 'utf8'));
  assert.ok(result.ok, result.ok ? '' : formatProblems(result.problems));
  return result.scenario;
}

function scenario(parts: Record<string, unknown>): Scenario {
  const result = parseScenario({ version: 1, name: 'one', ...parts });
  assert.ok(result.ok, result.ok ? '' : formatProblems(result.problems));
  return result.scenario;
}

/** Scenario by the topologies that it is shipped for. */
const SHIPPED: Record<string, string[]> = {
  'kill-master': ['ha-6', 'ha-3', 'ha-2-hosts', 'ha-6-ssh', 'tls', 'jdbc-mariadb', 'jdbc-postgresql'],
  'stop-master': ['ha-6'],
  'freeze-master': ['ha-6'],
  'lose-host': ['ha-2-hosts'],
  'partition-group': ['ha-6'],
  'cut-bridge': ['ha-6'],
  'kill-slave': ['ha-6'],
  'rolling-kills': ['ha-6'],
  'load-balance': ['ha-6'],
  'database-restart': ['jdbc-mariadb', 'jdbc-postgresql'],
};

describe('a scenario that is shipped', () => {
  for (const [name, topologies] of Object.entries(SHIPPED))
    test(`${name} fits ${topologies.join(', ')}`, async () => {
      const read = await shippedScenario(name);
      assert.equal(read.name, name);
      assert.notEqual(read.description ?? '', '');
      for (const topology of topologies) assert.deepEqual(fit(await shippedTopology(topology), read), []);
    });

  test('is in this table', async () => {
    const files = await readdir(new URL('scenarios', root));
    assert.deepEqual(
      files.sort(),
      Object.keys(SHIPPED)
        .map((name) => `${name}.yaml`)
        .sort(),
    );
  });
});

const stop = { kind: 'stop', holdSeconds: 5 };
const kill = { target: { role: 'master' }, fault: { kind: 'kill' } };
const loseHost = (how: string) => ({
  target: { role: 'host-of-master' },
  fault: { kind: 'lose-host', how, holdSeconds: 5 },
});
const partition = (between: string) => ({
  target: { role: 'master' },
  fault: { kind: 'partition', between, holdSeconds: 5 },
});
const flows = (...list: object[]) => ({ load: { flows: list } });

/** Two groups on hosts of their own, with a bridge. */
const apart = (): Topology => {
  const input = aTopology({ hosts: 2 });
  for (const [index, group] of Object.values(input.groups).entries())
    for (const node of Object.values(group.nodes)) node.host = `h${index + 1}`;
  return parsed(input);
};

/** A group over two hosts, and another on a third. */
const beside = (): Topology => {
  const input = aTopology({ hosts: 3 });
  for (const [index, group] of Object.values(input.groups).entries())
    for (const [place, node] of Object.values(group.nodes).entries())
      node.host = index === 0 ? `h${1 + (place % 2)}` : 'h3';
  return parsed(input);
};

const rows: { name: string; topology: Topology; parts: Record<string, unknown>; path: string; words: RegExp }[] = [
  {
    name: 'a group that is not there',
    topology: aParsedTopology(),
    parts: { target: { role: 'master', group: 'g3' }, fault: stop },
    path: 'target.group',
    words: /test has no group g3/,
  },
  {
    name: 'a node that is not there',
    topology: aParsedTopology(),
    parts: { target: { role: 'node', node: 'n77' }, fault: stop },
    path: 'target.node',
    words: /test has no node n77/,
  },
  {
    name: 'a flow to a group that is not there',
    topology: aParsedTopology(),
    parts: { ...kill, ...flows({ to: 'elsewhere' }) },
    path: 'load.flows[0].to',
    words: /test has no group elsewhere/,
  },
  {
    name: 'a flow to a group that no bridge leads to',
    topology: aParsedTopology({ bridges: false }),
    parts: { ...kill, ...flows({ from: 'g1', to: 'g2' }) },
    path: 'load.flows[0].to',
    words: /no bridge leads from g1 to g2/,
  },
  {
    name: 'a flow against the direction of a bridge that is not duplex',
    topology: aParsedTopology({}, { bridges: [{ name: 'b', from: 'g1', to: 'g2', duplex: false }] }),
    parts: { ...kill, ...flows({ from: 'g2', to: 'g1' }) },
    path: 'load.flows[0].to',
    words: /no bridge leads from g2 to g1/,
  },
  {
    name: 'a master that nobody could take over from',
    topology: aParsedTopology({ nodesPerGroup: 1 }),
    parts: kill,
    path: 'target',
    words: /g1 has one node only, so nobody can take over/,
  },
  {
    name: 'a slave where there is none, also without the guard',
    topology: aParsedTopology({ nodesPerGroup: 1 }),
    parts: { target: { role: 'slave' }, fault: stop, guards: { standby: false } },
    path: 'target',
    words: /one node only, and that is its master/,
  },
  {
    name: 'the loss of a host that all nodes of the group are on',
    topology: aParsedTopology(),
    parts: loseHost('kill'),
    path: 'fault.kind',
    words: /every node of g1 runs on h1: none would be left/,
  },
  {
    name: 'the kill of a machine, which nobody could start again',
    topology: parsed(onMachines(aTopology())),
    parts: { ...loseHost('kill'), guards: { standby: false } },
    path: 'fault.how',
    words: /h1 is a machine behind SSH/,
  },
  {
    name: 'a partition of groups that share a host',
    topology: aParsedTopology(),
    parts: partition('groups'),
    path: 'fault.between',
    words: /no other group is apart from the hosts of g1/,
  },
  {
    name: 'a partition of the only group',
    topology: aParsedTopology({ groups: 1 }),
    parts: partition('groups'),
    path: 'fault.between',
    words: /one group only/,
  },
  {
    name: 'a partition from a store in a directory',
    topology: aParsedTopology(),
    parts: partition('node-and-store'),
    path: 'fault.between',
    words: /the store of g1 is in no database/,
  },
  {
    name: 'the restart of a database that there is not',
    topology: aParsedTopology(),
    parts: { target: { role: 'database' }, fault: { kind: 'restart-database' } },
    path: 'target.role',
    words: /the store of g1 is in no database of test that Everbroker keeps/,
  },
  {
    name: 'the session of a node that has none',
    topology: aParsedTopology(),
    parts: { target: { role: 'master' }, fault: { kind: 'expire-session' } },
    path: 'fault.kind',
    words: /have no session at a ZooKeeper/,
  },
  {
    name: 'a bridge that there is not',
    topology: aParsedTopology({ bridges: false }),
    parts: { target: { role: 'bridge' }, fault: { kind: 'cut-bridge', holdSeconds: 5 } },
    path: 'target.role',
    words: /test has no such bridge — it has none at all/,
  },
  {
    name: 'a bridge in the wrong direction',
    topology: apart(),
    parts: { target: { role: 'bridge', from: 'g2', to: 'g1' }, fault: { kind: 'cut-bridge', holdSeconds: 5 } },
    path: 'target.role',
    words: /no such bridge — it has g1 to g2/,
  },
  {
    name: 'a bridge inside a host',
    topology: aParsedTopology(),
    parts: { target: { role: 'bridge' }, fault: { kind: 'cut-bridge', holdSeconds: 5 } },
    path: 'target.role',
    words: /h1 carries nodes of both g1 and g2: what passes inside a host cannot be cut/,
  },
  {
    name: 'the loss of each host in turn, with that of the load',
    topology: aParsedTopology({ hosts: 2 }),
    parts: { target: { role: 'each-node' }, fault: { kind: 'lose-host', how: 'cut', holdSeconds: 5 } },
    path: 'fault.kind',
    words: /its turns may take down h1, h2, and no other host is there from which the load could run/,
  },
  {
    name: 'the loss of the host of the master, and then of the next one, with that of the load',
    topology: aParsedTopology({ hosts: 2 }),
    parts: { ...loseHost('kill'), repeat: 2 },
    path: 'fault.kind',
    words: /its turns may take down h1, h2/,
  },
  {
    name: 'more turns than there is time for',
    topology: aParsedTopology(),
    parts: {
      target: { role: 'each-node' },
      fault: { kind: 'kill', holdSeconds: 50 },
      guards: { atMostMinutes: 3 },
    },
    path: 'guards.atMostMinutes',
    words: /4 turns take at least 226 s/,
  },
];

describe('a scenario does not fit, for a reason that is told:', () => {
  for (const { name, topology, parts, path, words } of rows)
    test(name, () => {
      const problems = fit(topology, scenario(parts));
      const all = formatProblems(problems);
      assert.ok(
        problems.some(
          (problem) => problem.path === path && words.test(`${problem.message} — ${problem.suggestion ?? ''}`),
        ),
        `expected ${path}: ${words}, got\n${all}`,
      );
      assert.equal(problems.length, 1, all);
    });

  test('a lock, and a disk, of a store that has neither', async () => {
    const topology = await shippedTopology('jdbc-mariadb');
    const lock = fit(topology, scenario({ target: { role: 'master' }, fault: { kind: 'replace-lock' } }));
    assert.match(formatProblems(lock), /has no lock file: only `kahadb` has one/);
    const disk = fit(topology, scenario({ target: { role: 'master' }, fault: { kind: 'disk-full', holdSeconds: 5 } }));
    assert.match(formatProblems(disk), /is in no directory of its own that could be filled/);
  });
});

test('what the reasons ask for fits', async () => {
  const twoHosts = aParsedTopology({ hosts: 2 });
  const machines = parsed(onMachines(aTopology()));
  const single = aParsedTopology({ nodesPerGroup: 1 });
  const jdbc = await shippedTopology('jdbc-mariadb');
  const fitting: [Topology, Record<string, unknown>][] = [
    [twoHosts, loseHost('kill')],
    [twoHosts, loseHost('cut')],
    [beside(), { ...loseHost('kill'), repeat: 2 }],
    [machines, { ...loseHost('cut'), guards: { standby: false } }],
    [machines, { target: { role: 'master' }, fault: stop }],
    [apart(), partition('groups')],
    [apart(), { target: { role: 'bridge' }, fault: { kind: 'cut-bridge', holdSeconds: 5 } }],
    [apart(), { ...kill, ...flows({ from: 'g1', to: 'g2' }, { from: 'g2', to: 'g1' }) }],
    [single, { ...kill, guards: { standby: false } }],
    [jdbc, partition('node-and-store')],
    [aParsedTopology(), { target: { role: 'master' }, fault: { kind: 'replace-lock' } }],
    [aParsedTopology({ groups: 3 }), { ...kill, ...flows({ from: 'g1', to: 'g3' }) }],
  ];
  for (const [topology, parts] of fitting) assert.deepEqual(fit(topology, scenario(parts)), [], JSON.stringify(parts));
});
