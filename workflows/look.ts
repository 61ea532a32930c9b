/** The looks that workflows take: each host through its own worker, all at once. */
import { isCancellation } from '@temporalio/workflow';
import type { Options, WorkflowName } from '../core/contract.js';
import type { Seen } from '../activities/observe.js';
import type { HostObservation } from '../core/health/observation.js';
import type { Looks, NodeReading } from '../core/health/roles.js';
import type { Problem } from '../core/topology/problem.js';
import {
  firstHost,
  groupNames,
  hostNames,
  hostsOfGroup,
  networkHosts,
  type Topology,
} from '../core/topology/topology.js';
import { activities } from './calls.js';
import { failureText } from './failure-text.js';
import { quick } from './profiles.js';

export interface Resolved<W extends WorkflowName> {
  /** Pinned for the whole operation: what a name means may change meanwhile. */
  topology: Topology;
  topologyHash: string;
  warnings: Problem[];
  options: Options<W>;
}

/** @throws ApplicationFailure InvalidInput with every problem, before anything is touched. */
export async function resolve<W extends WorkflowName>(workflow: W, input: unknown): Promise<Resolved<W>> {
  const call = activities({ summary: 'read the input, pin the topology', profile: quick });
  return (await call.resolveInput({ workflow, input: input ?? null })) as Resolved<W>;
}

/** Chooses free subnets for the networks that do not exist yet, where the topology only prefers one. */
export async function placeNetworks(topology: Topology): Promise<{ topology: Topology; notes: string[] }> {
  const host = networkHosts(topology)[0] ?? firstHost(topology);
  return activities({ summary: 'choose subnets', profile: quick, on: { topology, host } }).placeNetworks({ topology });
}

export async function observeHosts(topology: Topology): Promise<Record<string, HostObservation>> {
  const looks = hostNames(topology).map((host) => observe(topology, host));
  return Object.fromEntries((await Promise.all(looks)).map((seen) => [seen.host, seen]));
}

const observe = (topology: Topology, host: string): Promise<HostObservation> =>
  activities({ summary: `${host} · look`, profile: quick, on: { topology, host } }).observeHost({ topology, host });

/** What hosts showed a moment ago, so that they need not be looked at again. */
export type SeenHosts = Record<string, Seen>;

/** What every node of a group shows: process, ports, log, lock, and its broker's answer over Jolokia. */
export async function readGroup(topology: Topology, group: string, seen: SeenHosts = {}): Promise<NodeReading[]> {
  const hosts = hostsOfGroup(topology, group);
  return (await Promise.all(hosts.map((host) => read(topology, { group, host, seen: seen[host] })))).flat();
}

function read(
  topology: Topology,
  { group, host, seen }: { group: string; host: string; seen?: Seen | undefined },
): Promise<NodeReading[]> {
  const call = activities({ summary: `${group} · read roles on ${host}`, profile: quick, on: { topology, host } });
  return call.readNodes({ topology, host, group, ...(seen === undefined ? {} : { seen }) });
}

/** Observations of the hosts that could be looked at, and the reason for each that could not: one hides no other. */
export async function observeEach(
  topology: Topology,
): Promise<{ observed: Record<string, HostObservation>; unseen: Record<string, string> }> {
  const { seen, unseen } = await tryEach(hostNames(topology), (host) => observe(topology, host));
  return { observed: Object.fromEntries(seen.map((observation) => [observation.host, observation])), unseen };
}

/** The same for the nodes of all groups. */
export async function readEach(topology: Topology): Promise<Looks> {
  const looks = groupNames(topology).map((group) =>
    tryEach(hostsOfGroup(topology, group), (host) => read(topology, { group, host })),
  );
  const results = await Promise.all(looks);
  return {
    readings: results.flatMap(({ seen }) => seen.flat()),
    unseen: Object.fromEntries(results.flatMap(({ unseen }) => Object.entries(unseen))),
  };
}

async function tryEach<T>(
  hosts: readonly string[],
  look: (host: string) => Promise<T>,
): Promise<{ seen: T[]; unseen: Record<string, string> }> {
  const seen: T[] = [];
  const unseen: Record<string, string> = {};
  const tries = hosts.map(async (host) => {
    try {
      seen.push(await look(host));
    } catch (error) {
      if (isCancellation(error)) throw error;
      unseen[host] = failureText(error);
    }
  });
  await Promise.all(tries);
  return { seen, unseen };
}
