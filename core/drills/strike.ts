/**
 * From a scenario and the roles of the moment to what is done on which host. Pure: the workflow runs it right before it
 * injects, so that "the master" is the one of that moment.
 */
import type { NodeReading } from '../health/roles.js';
import { roleOf } from '../health/roles.js';
import { allNodes, nodeNamed, nodesOfGroup, type Node, type Topology } from '../topology/topology.js';
import { firstGroup, type Blow, type Made, type Strike, type StrikeResult } from './blow.js';
import { holdOf } from './faults.js';
import type { HostFault } from './host-fault.js';
import { bridgeStrike, databaseStrike, dropAllBut, partitionStrike, sessionStrike } from './link-strikes.js';
import type { FaultSpec, Scenario, Target } from './scenario.js';

/** A strike that is to be worked out when its turn has come. */
export type Aim = { node: string } | null;

/** The turns of a scenario: one, or one a node; all of them as often as it is repeated. */
export function aimsOf(topology: Topology, { target, repeat }: Scenario): Aim[] {
  const once: Aim[] = target.role === 'each-node' ? allNodes(topology).map(({ name }) => ({ node: name })) : [null];
  return Array.from({ length: repeat }, () => once).flat();
}

/** @param aim The node whose turn it is, of `each-node`. */
export function strikeOf(
  topology: Topology,
  { scenario, readings, aim }: { scenario: Scenario; readings: readonly NodeReading[]; aim: Aim },
): StrikeResult {
  const { fault } = scenario;
  const target: Target = aim === null ? scenario.target : { role: 'node', node: aim.node };
  const holdSeconds = holdOf(fault);
  const made = (rest: Omit<Strike, 'holdSeconds'>, hold = holdSeconds): StrikeResult => ({
    ok: true,
    strike: { ...rest, holdSeconds: hold },
  });
  switch (target.role) {
    case 'none':
      return made({ targets: [], group: null, touched: [], detail: 'nothing is broken', blows: [] });
    case 'bridge':
      return bridgeStrike(topology, { target, fault, made });
    case 'database':
      return databaseStrike(topology, { target, holdSeconds, made });
    default: {
      const node = nodeOf(topology, target, readings);
      if (typeof node === 'string') return { ok: false, reason: node };
      return nodeStrike(topology, { node, fault, made });
    }
  }
}

/**
 * Everything that a scenario may do, whoever is what when a turn comes, and why something could not be done: asked of the
 * hosts before anything starts.
 */
export function blowsToExpect(topology: Topology, scenario: Scenario): { blows: Blow[]; problems: string[] } {
  const blows = new Map<string, Blow>();
  const problems = new Set<string>();
  for (const made of strikesToExpect(topology, scenario)) {
    if (!made.ok) problems.add(made.reason);
    else for (const blow of made.strike.blows) blows.set(JSON.stringify(blow), blow);
  }
  return { blows: [...blows.values()], problems: [...problems] };
}

/** Hosts that no part of the load may run on: what the first turn touches, and of further ones whatever they may touch. */
export function awayFrom(topology: Topology, scenario: Scenario, first: Strike): string[] {
  return aimsOf(topology, scenario).length < 2 ? first.touched : touchedByTurns(topology, scenario);
}

/** Every host that some turn may touch: the master is another after the first. */
export function touchedByTurns(topology: Topology, scenario: Scenario): string[] {
  const touched = strikesToExpect(topology, scenario).flatMap((made) => (made.ok ? made.strike.touched : []));
  return [...new Set(touched)];
}

/** One for each node that a turn may be aimed at. */
const strikesToExpect = (topology: Topology, scenario: Scenario): StrikeResult[] =>
  candidatesOf(topology, scenario.target).map((aim) => strikeOf(topology, { scenario, readings: [], aim }));

/** A role may be any node's of its group by then. */
function candidatesOf(topology: Topology, target: Target): Aim[] {
  switch (target.role) {
    case 'master':
    case 'slave':
    case 'host-of-master':
      return nodesOfGroup(topology, target.group ?? firstGroup(topology)).map(({ name }) => ({ node: name }));
    case 'each-node':
      return allNodes(topology).map(({ name }) => ({ node: name }));
    default:
      return [null];
  }
}

/** The node that is meant, or why there is none. */
function nodeOf(
  topology: Topology,
  target: Extract<Target, { role: 'master' | 'slave' | 'host-of-master' | 'node' | 'each-node' }>,
  readings: readonly NodeReading[],
): Node | string {
  if (target.role === 'node') return nodeNamed(topology, target.node);
  if (target.role === 'each-node') return 'each node has its own turn';
  const group = target.group ?? firstGroup(topology);
  const wanted = target.role === 'slave' ? 'slave' : 'master';
  const found = nodesOfGroup(topology, group).find((node) => {
    const reading = readings.find(({ observation }) => observation.name === node.name);
    return reading !== undefined && roleOf(node, reading) === wanted;
  });
  return found ?? `${group} has no ${wanted} at this moment`;
}

function nodeStrike(
  topology: Topology,
  { node, fault, made }: { node: Node; fault: FaultSpec; made: Made },
): StrikeResult {
  const { host, group, name } = node;
  const onAgent = (kind: 'kill' | 'stop' | 'freeze' | 'replace-lock' | 'disk-full', seconds: number): StrikeResult =>
    made({
      targets: [name],
      group,
      touched: [],
      detail: `${kind} ${name} on ${host}`,
      blows: [{ host, fault: { by: 'agent', kind, node: name, holdSeconds: seconds } }],
    });
  const onHost = (what: HostFault, detail: string): StrikeResult =>
    made({ targets: [host], group, touched: [host], detail, blows: [{ host, fault: what }] });
  switch (fault.kind) {
    case 'kill':
      return onAgent('kill', fault.holdSeconds ?? 0);
    case 'stop':
    case 'freeze':
    case 'disk-full':
    case 'replace-lock':
      return onAgent(fault.kind, holdOf(fault));
    case 'lose-host':
      return fault.how === 'kill'
        ? onHost({ by: 'carrier', kind: 'kill-host', holdSeconds: fault.holdSeconds }, `kill ${host}`)
        : onHost(dropAllBut([], fault.holdSeconds), `cut ${host} off from everything`);
    case 'expire-session':
      return sessionStrike(topology, { node, made });
    case 'partition':
      return partitionStrike(topology, { node, fault, made });
    case 'packets':
      return onHost(
        {
          by: 'network',
          kind: 'impair',
          delayMs: fault.delayMs,
          lossPercent: fault.lossPercent,
          holdSeconds: fault.holdSeconds,
        },
        `packets of ${host}: ${fault.delayMs} ms later, ${fault.lossPercent} % lost`,
      );
    default:
      return { ok: false, reason: `${fault.kind} is not done to a node` };
  }
}
