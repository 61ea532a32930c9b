/** Topologies for tests: a small valid one with parts replaced, and arbitrary valid ones. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatProblems, parseTopology } from '../../core/topology/parse.js';
import type { DatabaseSpec, Topology, TopologyInput } from '../../core/topology/schema.js';

/** How large a topology is to be; every group has its nodes on the hosts in turn. */
export interface Shape {
  name?: string;
  groups?: number;
  nodesPerGroup?: number;
  hosts?: number;
  /** Bridges join each group with the next one; default true. */
  bridges?: boolean;
  version?: string;
}

/** First three parts of the addresses; nothing is started on them. */
const NETWORK = { name: 'testnet', subnet: '172.29.0.0/16' };

/**
 * A valid topology as a person writes it: by default two groups of two nodes on one host, with a bridge.
 * Names are h1…, g1…, n1…; ports count up from 61000 (openwire) and 18000 (console).
 * @param overrides Top-level keys that replace those made.
 */
export function aTopology(shape: Shape = {}, overrides: Partial<TopologyInput> = {}): TopologyInput {
  const { name = 'test', groups = 2, nodesPerGroup = 2, hosts = 1, bridges = true, version = '5.18.3' } = shape;
  return {
    version: 1,
    name,
    activemq: { version },
    hosts: Object.fromEntries(range(hosts).map((index) => [`h${index}`, aDockerHost(index)])),
    groups: Object.fromEntries(range(groups).map((group) => [`g${group}`, aGroup({ group, nodesPerGroup, hosts })])),
    bridges: bridges
      ? range(groups - 1).map((group) => ({ name: `b${group}`, from: `g${group}`, to: `g${group + 1}` }))
      : [],
    ...overrides,
  };
}

/** A group of three nodes on three hosts that store in replicated LevelDB, with an ensemble on the same hosts. */
export function aReplicatedTopology(overrides: Partial<TopologyInput> = {}): TopologyInput {
  const input = aTopology({ groups: 1, nodesPerGroup: 3, hosts: 3, version: '5.16.7' }, overrides);
  const group = input.groups['g1'];
  if (group === undefined) throw new Error('no group');
  group.store = { kind: 'leveldb', ensemble: 'zoo', acknowledge: 'leveldb-is-deprecated' };
  for (const node of Object.values(group.nodes)) node.replication = 61200;
  return { ...input, ensembles: { zoo: { hosts: Object.keys(input.hosts) } } };
}

/** The same, parsed: every default filled in. */
export const aParsedTopology = (shape: Shape = {}, overrides: Partial<TopologyInput> = {}): Topology =>
  parsed(aTopology(shape, overrides));

/** Parses what a test has made; what is wrong with it is in the assertion's message. */
export function parsed(input: TopologyInput): Topology {
  const result = parseTopology(input);
  assert.ok(result.ok, result.ok ? '' : formatProblems(result.problems));
  return result.topology;
}

type HostInput = TopologyInput['hosts'][string];
type GroupInput = TopologyInput['groups'][string];

const aDockerHost = (index: number): HostInput => ({
  kind: 'docker',
  address: `172.29.0.${index + 10}`,
  network: NETWORK,
});

function aGroup({ group, nodesPerGroup, hosts }: { group: number; nodesPerGroup: number; hosts: number }): GroupInput {
  const nodes = range(nodesPerGroup).map((index): [string, GroupInput['nodes'][string]] => {
    const number = (group - 1) * nodesPerGroup + index;
    const host = `h${((index + group - 2) % hosts) + 1}`;
    return [`n${number}`, { host, openwire: 61000 + number, console: 18000 + number }];
  });
  const first = nodes[0]?.[0] ?? 'none';
  return {
    store: { kind: 'kahadb', directory: `/usr/local/mqcluster/${first}/data/kahadb` },
    nodes: Object.fromEntries(nodes),
  };
}

const range = (count: number): number[] => Array.from({ length: Math.max(0, count) }, (_, index) => index + 1);

/**
 * The same on machines behind SSH, where `isMachine` says so of a host's number. Machines share no disk, so a group that
 * would be on several hosts, of which one is a machine, is put on its first.
 */
export function onMachines(input: TopologyInput, isMachine: (index: number) => boolean = () => true): TopologyInput {
  const names = Object.keys(input.hosts);
  const machines = new Set(names.filter((_, index) => isMachine(index)));
  const hosts = mapped(input.hosts, (host) => host);
  for (const [index, name] of names.entries())
    if (machines.has(name)) hosts[name] = { kind: 'ssh', address: `192.0.2.${index + 1}` };
  const groups = mapped(input.groups, (group) => {
    const home = Object.values(group.nodes)[0]?.host ?? '';
    const moves = Object.values(group.nodes).some(({ host }) => machines.has(host));
    return moves ? { ...group, nodes: mapped(group.nodes, (node) => ({ ...node, host: home })) } : group;
  });
  return { ...input, hosts, groups };
}

const arbShape: fc.Arbitrary<Shape> = fc.record({
  name: fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/),
  groups: fc.integer({ min: 1, max: 4 }),
  nodesPerGroup: fc.integer({ min: 1, max: 4 }),
  hosts: fc.integer({ min: 1, max: 4 }),
  bridges: fc.boolean(),
  version: fc.constantFrom('5.15.12', '5.15.16', '5.16.7', '5.17.6', '5.18.3', '5.18.2'),
});

/** Keys with a default, each present or left out. */
const arbOptions: fc.Arbitrary<Partial<TopologyInput>> = fc.record(
  {
    description: fc.string({ maxLength: 60 }),
    environment: fc.constantFrom('development', 'staging', 'production'),
    root: fc.constantFrom('/usr/local/mqcluster', '/srv/mq', '/data'),
    runAs: fc.record({ user: fc.constantFrom('activemq', 'mq'), uid: fc.integer({ min: 100, max: 60000 }) }),
    limits: fc.record({
      heap: fc.record({ initialMb: fc.integer({ min: 32, max: 64 }), maxMb: fc.integer({ min: 64, max: 1024 }) }),
      memoryPercent: fc.integer({ min: 10, max: 90 }),
    }),
    security: fc.record({ openwireLogin: fc.boolean() }),
    strandedMessages: fc.constantFrom('replay' as const, 'keep' as const),
  },
  { requiredKeys: [] },
);

const arbBridge = fc.record(
  {
    duplex: fc.boolean(),
    discovery: fc.constantFrom('masterslave' as const, 'static' as const, 'multicast' as const),
    backOff: fc.constantFrom('bounded' as const, 'default' as const),
  },
  { requiredKeys: [] },
);

const arbLock = fc.record(
  { lockPollMs: fc.integer({ min: 100, max: 10000 }), lockKeepAliveMs: fc.integer({ min: 100, max: 10000 }) },
  { requiredKeys: [] },
);

/** Any valid topology that is supported, of 1 to 16 nodes, as a person writes it. */
export const arbTopology: fc.Arbitrary<TopologyInput> = fc
  .record({
    shape: arbShape,
    options: arbOptions,
    bridge: arbBridge,
    lock: arbLock,
    policy: fc.constantFrom('preferred' as const, 'pinned' as const),
    publish: fc.constantFrom('127.0.0.1', '0.0.0.0', false as const),
    machines: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    engine: fc.constantFrom(undefined, undefined, 'mariadb' as const, 'postgresql' as const),
  })
  .map(({ shape, options, bridge, lock, policy, publish, machines, engine }) => {
    const base = aTopology(shape, options);
    const all: TopologyInput = {
      ...base,
      hosts: mapped(base.hosts, (host) =>
        host.kind === 'docker' ? { ...host, publish, network: { ...host.network, policy } } : host,
      ),
      groups: mapped(base.groups, (group) =>
        group.store.kind === 'kahadb' ? { ...group, store: { ...group.store, ...lock } } : group,
      ),
      bridges: (base.bridges ?? []).map((given) => ({ ...given, ...bridge })),
    };
    return onMachines(engine === undefined ? all : inDatabase(all, engine), (index) => machines[index] ?? false);
  });

/** The same, parsed. */
/** Every second group stores in a database on the last host. */
export function inDatabase(input: TopologyInput, engine: DatabaseSpec['engine']): TopologyInput {
  const groups = Object.entries(input.groups).map(([name, group], index) => [
    name,
    index % 2 === 0 ? { ...group, store: { kind: 'jdbc' as const, database: 'db' } } : group,
  ]);
  const host = Object.keys(input.hosts).at(-1) ?? '';
  return {
    ...input,
    databases: { db: { engine, host } },
    groups: Object.fromEntries(groups) as TopologyInput['groups'],
  };
}

export const arbParsedTopology: fc.Arbitrary<Topology> = arbTopology.map(parsed);

const mapped = <Value>(record: Record<string, Value>, change: (value: Value) => Value): Record<string, Value> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
