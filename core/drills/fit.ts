/** Whether a scenario can be run on a topology, before anything starts. Every reason, each at its place in the scenario. Pure. */
import { didYouMean } from '../topology/closest.js';
import { waysOf } from '../topology/graph.js';
import { withLines, type Finding, type Problem } from '../topology/problem.js';
import { storeOf } from '../stores/index.js';
import {
  allNodes,
  brokerHosts,
  groupNames,
  hostOf,
  hostsOfGroup,
  nodesOfGroup,
  type Topology,
} from '../topology/topology.js';
import { carriersOf, holdOf } from './faults.js';
import type { FaultSpec, Scenario, Target } from './scenario.js';
import { aimsOf, touchedByTurns } from './strike.js';

const CODE = 'fit';
type Said = Omit<Finding, 'code'>;

/** @returns Nothing when it fits. */
export function fit(topology: Topology, scenario: Scenario): Problem[] {
  const names = [...unknownNames(topology, scenario), ...unreachableFlows(topology, scenario)];
  // What the fault needs is asked of groups that are there.
  const needs = names.some(({ at }) => at[0] === 'target') ? [] : [...faultNeeds(topology, scenario)];
  const turns = needs.length > 0 || names.length > 0 ? [] : [...loadNeeds(topology, scenario)];
  const said = [...names, ...needs, ...turns, ...timeNeeds(topology, scenario)];
  return withLines(
    said.map((finding) => ({ ...finding, code: CODE })),
    { document: 'scenario', lineOf: undefined },
  );
}

function unknownNames(topology: Topology, { target, load }: Scenario): Said[] {
  const groups = groupNames(topology);
  const group = (at: Said['at'], name: string | undefined): Said[] =>
    name === undefined || groups.includes(name)
      ? []
      : [{ at, message: `${topology.name} has no group ${name}`, ...suggest(name, groups) }];
  const nodes = allNodes(topology).map(({ name }) => name);
  return [
    ...('group' in target ? group(['target', 'group'], target.group) : []),
    ...(target.role === 'bridge'
      ? [...group(['target', 'from'], target.from), ...group(['target', 'to'], target.to)]
      : []),
    ...(target.role === 'node' && !nodes.includes(target.node)
      ? [
          {
            at: ['target', 'node'],
            message: `${topology.name} has no node ${target.node}`,
            ...suggest(target.node, nodes),
          },
        ]
      : []),
    ...load.flows.flatMap(({ from, to }, index) => [
      ...group(['load', 'flows', index, 'from'], from),
      ...group(['load', 'flows', index, 'to'], to),
    ]),
  ];
}

function suggest(name: string, known: readonly string[]): { suggestion: string } {
  return { suggestion: `it has ${known.join(', ')}`, ...didYouMean(name, known) };
}

/** A message for another group needs bridges that lead there. */
function unreachableFlows(topology: Topology, { target, load }: Scenario): Said[] {
  const groups = groupNames(topology);
  const ways = waysOf(topology);
  return load.flows.flatMap(({ from = groupOfTarget(topology, target), to = from }, index) => {
    if (from === to || !groups.includes(from) || !groups.includes(to)) return [];
    if (ways.some((way) => way.from === from && way.to === to)) return [];
    return [{ at: ['load', 'flows', index, 'to'], message: `no bridge leads from ${from} to ${to}` }];
  });
}

/** The group that a target is of; what is of none is taken for the first. */
export function groupOfTarget(topology: Topology, target: Target): string {
  const first = groupNames(topology)[0] ?? '';
  if (target.role === 'node') return allNodes(topology).find(({ name }) => name === target.node)?.group ?? first;
  if (target.role === 'bridge') return target.from ?? topology.bridges[0]?.from ?? first;
  return ('group' in target ? target.group : undefined) ?? first;
}

function* faultNeeds(topology: Topology, scenario: Scenario): Generator<Said> {
  const { target, fault, guards } = scenario;
  if (target.role === 'none') return;
  if (target.role === 'bridge') {
    yield* bridgeNeeds(topology, target);
    return;
  }
  const group = groupOfTarget(topology, target);
  if (target.role === 'database') {
    if (databaseHost(topology, group) === null)
      yield {
        at: ['target', 'role'],
        message: `the store of ${group} is in no database of ${topology.name} that Everbroker keeps (\`databases\`)`,
      };
    return;
  }
  const groups = target.role === 'each-node' ? groupNames(topology) : [group];
  for (const each of groups) {
    if (guards.standby && nodesOfGroup(topology, each).length < 2)
      yield {
        at: ['target'],
        message: `${each} has one node only, so nobody can take over`,
        suggestion: 'give it a second node, or set guards.standby to false',
      };
    else if (target.role === 'slave' && nodesOfGroup(topology, each).length < 2)
      yield { at: ['target'], message: `${each} has one node only, and that is its master` };
    yield* ofFault(topology, { group: each, target, fault, standby: guards.standby });
  }
}

interface Aimed {
  group: string;
  target: Target;
  fault: FaultSpec;
  standby: boolean;
}

function* ofFault(topology: Topology, aimed: Aimed): Generator<Said> {
  const { group, target, fault } = aimed;
  const store = storeOf(topology, group);
  const at = ['fault', 'kind'];
  if (fault.kind === 'replace-lock' && store.directory === null)
    yield { at, message: `the store of ${group} has no lock file: only \`kahadb\` has one` };
  if (fault.kind === 'disk-full' && store.directory === null)
    yield { at, message: `the store of ${group} is in no directory of its own that could be filled` };
  if (fault.kind === 'expire-session' && store.ensemble === null)
    yield {
      at,
      message: `the nodes of ${group} have no session at a ZooKeeper that Everbroker keeps (\`leveldb\` with \`ensemble\`)`,
    };
  const wrongHosts = hostsHit(topology, group, target).filter(
    (host) => !carriersOf(fault).includes(hostOf(topology, host).kind),
  );
  if (wrongHosts.length > 0)
    yield {
      at: ['fault', fault.kind === 'lose-host' ? 'how' : 'kind'],
      message: `${wrongHosts.join(', ')} ${wrongHosts.length === 1 ? 'is a machine' : 'are machines'} behind SSH, which nobody here could start again`,
      suggestion: 'cut it off instead (how: cut)',
    };
  if (fault.kind === 'lose-host') yield* loseHostNeeds(topology, aimed);
  if (fault.kind === 'partition') yield* partitionNeeds(topology, group, fault);
}

const hostsHit = (topology: Topology, group: string, target: Target): string[] =>
  target.role === 'node'
    ? allNodes(topology).flatMap(({ name, host }) => (name === target.node ? [host] : []))
    : hostsOfGroup(topology, group);

function* loseHostNeeds(topology: Topology, { group, standby }: Aimed): Generator<Said> {
  if (standby && hostsOfGroup(topology, group).length < 2)
    yield {
      at: ['fault', 'kind'],
      message: `every node of ${group} runs on ${hostsOfGroup(topology, group).join()}: none would be left to take over`,
      suggestion: 'use a topology with its nodes on several hosts, such as ha-2-hosts',
    };
  const database = databaseHost(topology, group);
  if (database !== null && hostsOfGroup(topology, group).includes(database))
    yield {
      at: ['fault', 'kind'],
      message: `the database of ${group} runs on ${database} as well, and has no standby`,
    };
}

function* partitionNeeds(
  topology: Topology,
  group: string,
  { between }: Extract<FaultSpec, { kind: 'partition' }>,
): Generator<Said> {
  const at = ['fault', 'between'];
  const own = hostsOfGroup(topology, group);
  if (between === 'groups') {
    const others = groupNames(topology).filter((name) => name !== group);
    if (others.length === 0) yield { at, message: `${topology.name} has one group only` };
    else if (!others.some((name) => hostsOfGroup(topology, name).every((host) => !own.includes(host))))
      yield { at, message: `no other group is apart from the hosts of ${group} (${own.join(', ')})` };
  }
  if (between === 'node-and-store') {
    const database = databaseHost(topology, group);
    if (database === null) yield { at, message: `the store of ${group} is in no database of ${topology.name}` };
    else if (own.includes(database))
      yield { at, message: `${database} runs the database and nodes of ${group}: there is no network between them` };
  }
}

function* bridgeNeeds(topology: Topology, target: Extract<Target, { role: 'bridge' }>): Generator<Said> {
  const at = ['target', 'role'];
  const { from, to } = target;
  const bridge = topology.bridges.find((one) => (from ?? one.from) === one.from && (to ?? one.to) === one.to);
  if (bridge === undefined) {
    const known = topology.bridges.map((one) => `${one.from} to ${one.to}`).join(', ') || 'none at all';
    yield { at, message: `${topology.name} has no such bridge`, suggestion: `it has ${known}` };
    return;
  }
  const near = hostsOfGroup(topology, bridge.from);
  const far = hostsOfGroup(topology, bridge.to);
  const both = near.filter((host) => far.includes(host));
  if (both.length > 0)
    yield {
      at,
      message: `${both.join(', ')} ${both.length === 1 ? 'carries' : 'carry'} nodes of both ${bridge.from} and ${bridge.to}: what passes inside a host cannot be cut`,
    };
}

function databaseHost(topology: Topology, group: string): string | null {
  const { database } = storeOf(topology, group);
  return database === null ? null : (topology.databases?.[database]?.host ?? null);
}

/** A load on a host that is lost in a later turn would be lost with it. */
function* loadNeeds(topology: Topology, scenario: Scenario): Generator<Said> {
  if (scenario.fault.kind !== 'lose-host' || aimsOf(topology, scenario).length < 2) return;
  const lost = touchedByTurns(topology, scenario);
  if (brokerHosts(topology).some((host) => !lost.includes(host))) return;
  yield {
    at: ['fault', 'kind'],
    message: `its turns may take down ${lost.join(', ')}, and no other host is there from which the load could run`,
    suggestion: 'do it once (repeat: 1, one target), or use a topology with brokers on another host',
  };
}

/** Of each node in turn: at least its hold, and a look before and after. */
const TURN_SECONDS = 5;

function timeNeeds(topology: Topology, { target, fault, repeat, load, guards }: Scenario): Said[] {
  const turns = repeat * (target.role === 'each-node' ? allNodes(topology).length : 1);
  if (turns === 1) return [];
  const seconds = load.warmUpSeconds + turns * (holdOf(fault) + TURN_SECONDS) + load.afterSeconds;
  if (seconds < guards.atMostMinutes * 60) return [];
  const message = `is ${guards.atMostMinutes} min, but ${turns} turns take at least ${Math.ceil(seconds)} s`;
  return [{ at: ['guards', 'atMostMinutes'], message, suggestion: `at least ${Math.ceil(seconds / 60) + 2}` }];
}
