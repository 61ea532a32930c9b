/** What keeps a drill from starting, and what ends its fault early. Pure. */
import type { Check } from '../contract.js';
import type { NodeReading } from '../health/roles.js';
import { roleOf } from '../health/roles.js';
import { nodesOfGroup, type Node, type Topology } from '../topology/topology.js';
import type { Scenario } from './scenario.js';

/** Refused for good, or null: a scenario that may not run in this environment is a mistake, not bad luck. */
export function environmentRefusal({ environment }: Topology, { guards }: Scenario): string | null {
  if (guards.environments.includes(environment)) return null;
  return `the topology is ${environment}; the scenario may run in ${guards.environments.join(', ')} only`;
}

/** Why the drill is to be left out this time, or null. Times in ms since the epoch. */
export function cooldownLeft(
  { guards }: Scenario,
  { lastEndedAt, now }: { lastEndedAt: number | null; now: number },
): string | null {
  if (lastEndedAt === null) return null;
  const leftMs = lastEndedAt + guards.cooldownMinutes * 60_000 - now;
  return leftMs > 0
    ? `the last drill ended ${minutes(now - lastEndedAt)} ago, and ${minutes(guards.cooldownMinutes * 60_000)} are to lie between`
    : null;
}

const minutes = (ms: number): string => `${(ms / 60_000).toFixed(1)} min`;

/** Nobody could take over, or null. */
export function standbyMissing(
  topology: Topology,
  { scenario, group, readings }: { scenario: Scenario; group: string | null; readings: readonly NodeReading[] },
): string | null {
  if (!scenario.guards.standby || group === null) return null;
  return withRole(topology, { group, readings }, 'slave').length > 0 ? null : `no slave of ${group} could take over`;
}

/** Nodes of a group that serve at the same moment, or null. One that has the lock and still reads its journal does not. */
export function twoMasters(topology: Topology, group: string, readings: readonly NodeReading[]): string | null {
  const masters = withRole(topology, { group, readings }, 'master').map(({ name }) => name);
  return masters.length > 1 ? `${masters.join(' and ')} serve ${group}` : null;
}

const withRole = (
  topology: Topology,
  { group, readings }: { group: string; readings: readonly NodeReading[] },
  role: 'master' | 'slave',
): Node[] =>
  nodesOfGroup(topology, group).filter((node) => {
    const reading = readings.find(({ observation }) => observation.name === node.name);
    return reading !== undefined && roleOf(node, reading) === role;
  });

/** Why there is no steady state to begin with, or null. */
export function unsteady(checks: readonly Check[]): string | null {
  const failed = checks.filter(({ ok }) => !ok);
  return failed.length === 0 ? null : failed.map(({ fault, detail }) => `${fault}: ${detail}`).join('; ');
}

export interface LoadCounts {
  acknowledged: number;
  delivered: number;
}

/** Why the fault must be healed at once, or null. */
export function mustAbort(
  { guards }: Scenario,
  { load, splitBrain }: { load: readonly LoadCounts[]; splitBrain: string | null },
): string | null {
  if (splitBrain !== null) return `two masters at once: ${splitBrain}`;
  const backlog = load.reduce((sum, flow) => sum + Math.max(0, flow.acknowledged - flow.delivered), 0);
  return backlog > guards.backlog ? `${backlog} messages wait, more than ${guards.backlog}` : null;
}
