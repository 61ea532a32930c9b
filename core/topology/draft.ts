/** A topology as far as it could be parsed, so that the rules can speak about the rest of a file with mistakes in it. */
import type { z } from 'zod';
import { valueAt } from './schema-problems.js';
import { topologySchema } from './schema.js';
import type { Path } from './problem.js';
import type {
  BridgeSpec,
  DatabaseSpec,
  DockerHostSpec,
  EnsembleSpec,
  GroupSpec,
  HostSpec,
  NodeSpec,
  StoreSpec,
  Topology,
} from './schema.js';

export interface Draft {
  topology: Topology;
  /** Names that were written, whether or not what stands under them could be parsed. */
  declared: { hosts: string[]; groups: string[]; databases: string[]; ensembles: string[] };
  /** Index in the file of each bridge of `topology.bridges`. */
  bridgeIndexes: number[];
}

/** A part of the topology with its name and its place. */
export interface Placed<Spec> {
  name: string;
  at: Path;
  spec: Spec;
}

export interface PlacedNode extends Placed<NodeSpec> {
  group: string;
  /** Undefined when the node names no host that could be parsed. */
  host: HostSpec | undefined;
}

export const completeDraft = (topology: Topology): Draft => ({
  topology,
  declared: {
    hosts: Object.keys(topology.hosts),
    groups: Object.keys(topology.groups),
    databases: Object.keys(topology.databases ?? {}),
    ensembles: Object.keys(topology.ensembles ?? {}),
  },
  bridgeIndexes: topology.bridges.map((_, index) => index),
});

/** Stands in for a required field that is missing or wrong; what the rules say about it is left out. */
const STAND_INS: Record<string, unknown> = {
  version: 1,
  name: 'unnamed',
  activemq: { version: '5.18.3' },
  hosts: {},
  groups: {},
};

/** Ports that stand in for wrong ones are counted down from here, where no file has one. */
const HIGHEST_PORT = 65535;

/** Each round takes away what the one before laid bare; the format is not deeper. */
const MOST_ROUNDS = 12;

/**
 * Takes away what the schema refuses, round by round, until the rest parses.
 * @returns Undefined when nothing useful is left.
 */
export function salvage(input: unknown): Draft | undefined {
  const rest = plainCopy(input);
  if (!isObject(rest)) return undefined;
  const declared = {
    hosts: namesIn(rest['hosts']),
    groups: namesIn(rest['groups']),
    databases: namesIn(rest['databases']),
    ensembles: namesIn(rest['ensembles']),
  };
  const bridges = rest['bridges'];
  const bridgeIndexes = Array.isArray(bridges) ? bridges.map((_, index) => index) : [];
  let ports = HIGHEST_PORT;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const result = topologySchema.safeParse(rest);
    if (result.success) return { topology: result.data, declared, bridgeIndexes };
    // All places are found before the first is changed: one change moves or empties the others' places.
    for (const at of placesToChange(rest, result.error.issues)) {
      const last = at.at(-1);
      if (at.length === 1 && last !== undefined && Object.hasOwn(STAND_INS, last))
        rest[last] = plainCopy(STAND_INS[last]);
      else if (isNodePort(at)) put(rest, at, ports--);
      else takeAway(rest, at, bridgeIndexes);
    }
  }
  return undefined;
}

/** Outermost places only, each once; elements of a list from the last to the first. */
function placesToChange(rest: Record<string, unknown>, issues: readonly z.core.$ZodIssue[]): Path[] {
  const places = issues.flatMap((issue) => {
    const at = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...at, key]) : [present(rest, at)];
  });
  const unique = new Map(places.map((at) => [JSON.stringify(at), at]));
  const isInner = (at: Path) => at.some((_, length) => length > 0 && unique.has(JSON.stringify(at.slice(0, length))));
  const outermost = [...unique.values()].filter((at) => !isInner(at));
  return outermost.toSorted((a, b) => indexIn(b) - indexIn(a));
}

const indexIn = ([, index]: Path): number => (typeof index === 'number' ? index : -1);

/** What is missing cannot be taken away: its holder goes instead, unless something can stand in for it. */
function present(rest: Record<string, unknown>, at: Path): Path {
  if (at.length <= 1 || isNodePort(at) || valueAt(rest, at) !== undefined) return at;
  return present(rest, at.slice(0, -1));
}

const isNodePort = ([root, , nodes, , key]: Path): boolean =>
  root === 'groups' && nodes === 'nodes' && (key === 'openwire' || key === 'console');

function put(root: Record<string, unknown>, at: Path, value: unknown): void {
  const holder = valueAt(root, at.slice(0, -1));
  if (isObject(holder)) holder[String(at.at(-1))] = value;
}

function takeAway(root: Record<string, unknown>, at: Path, bridgeIndexes: number[]): void {
  const last = at.at(-1);
  const holder = valueAt(root, at.slice(0, -1));
  if (Array.isArray(holder) && typeof last === 'number') {
    holder.splice(last, 1);
    if (at[0] === 'bridges' && at.length === 2) bridgeIndexes.splice(last, 1);
  } else if (isObject(holder)) delete holder[String(last)];
}

/** Deeper than the format is: what is below is only unknown keys, and a value that holds itself ends there. */
const COPY_DEPTH = 10;

function plainCopy(value: unknown, depth = COPY_DEPTH): unknown {
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? null : value;
  if (depth === 0) return null;
  if (Array.isArray(value)) return value.map((element) => plainCopy(element, depth - 1));
  // A null prototype, so that a key `__proto__` is a key like any other.
  const copy: Record<string, unknown> = { __proto__: null };
  for (const [key, member] of Object.entries(value)) copy[key] = plainCopy(member, depth - 1);
  return copy;
}

const namesIn = (value: unknown): string[] => (isObject(value) ? Object.keys(value) : []);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const placedHosts = ({ topology }: Draft): Placed<HostSpec>[] =>
  Object.entries(topology.hosts).map(([name, spec]) => ({ name, at: ['hosts', name], spec }));

export const placedDockerHosts = (draft: Draft): Placed<DockerHostSpec>[] =>
  placedHosts(draft).flatMap(({ name, at, spec }) => (spec.kind === 'docker' ? [{ name, at, spec }] : []));

export const placedGroups = ({ topology }: Draft): Placed<GroupSpec>[] =>
  Object.entries(topology.groups).map(([name, spec]) => ({ name, at: ['groups', name], spec }));

export const placedNodes = (draft: Draft): PlacedNode[] =>
  placedGroups(draft).flatMap(({ name: group, at, spec }) =>
    Object.entries(spec.nodes).map(([name, node]) => ({
      name,
      group,
      at: [...at, 'nodes', name],
      spec: node,
      host: Object.hasOwn(draft.topology.hosts, node.host) ? draft.topology.hosts[node.host] : undefined,
    })),
  );

export const placedStores = (draft: Draft): Placed<StoreSpec>[] =>
  placedGroups(draft).map(({ name, at, spec }) => ({ name, at: [...at, 'store'], spec: spec.store }));

export const placedDatabases = ({ topology }: Draft): Placed<DatabaseSpec>[] =>
  Object.entries(topology.databases ?? {}).map(([name, spec]) => ({ name, at: ['databases', name], spec }));

export const placedEnsembles = ({ topology }: Draft): Placed<EnsembleSpec>[] =>
  Object.entries(topology.ensembles ?? {}).map(([name, spec]) => ({ name, at: ['ensembles', name], spec }));

export const placedBridges = ({ topology, bridgeIndexes }: Draft): Placed<BridgeSpec>[] =>
  topology.bridges.map((spec, index) => ({ name: spec.name, at: ['bridges', bridgeIndexes[index] ?? index], spec }));

/**
 * Which Docker engine a host is on, as far as the topology tells: a socket or no engine at all means the worker's own, so its
 * task queue is part of the answer.
 */
export const engineOf = ({ engine, taskQueue }: DockerHostSpec): string =>
  engine?.startsWith('tcp://') === true ? engine : `${taskQueue} ${engine ?? ''}`;
