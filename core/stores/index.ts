/** The kinds of stores: the one place where they are told apart. */
import { groupNames, groupOf, groupsOnHost, nodesOnHost, type Node, type Topology } from '../topology/topology.js';
import type { StoreSpec } from '../topology/schema.js';
import type { Driver } from './drivers.js';
import { jdbc } from './jdbc.js';
import { kahadb } from './kahadb.js';
import { leveldb } from './leveldb.js';
import type { Election, Lease, Placed, StoreKind, StoreLogin, StoreOf, Waits } from './store-kind.js';
import type { Element } from '../activemq/xml.js';

const KINDS: { [Kind in StoreSpec['kind']]: StoreKind<StoreOf<Kind>> } = { kahadb, jdbc, leveldb };

/** The compiler cannot see that a spec and the kind found by its name belong together. */
const kindOf = (spec: StoreSpec): StoreKind<StoreSpec> => KINDS[spec.kind];

/** The store of a group, with its kind's answers. */
export interface Store {
  readonly identity: string | null;
  directory: string | null;
  replica(node: string): string | null;
  ports(node: Node): number[];
  adapter(node: string): Element;
  beans: () => Element[];
  readonly drivers: Driver[];
  javaFlags: readonly string[];
  login: StoreLogin | null;
  waits: Waits | null;
  asked: boolean;
  startsTogether: boolean;
  readonly lease: Lease | null;
  readonly election: Election | null;
  database: string | null;
  ensemble: string | null;
}

export function storeOf(topology: Topology, group: string): Store {
  const { store: spec } = groupOf(topology, group);
  const kind = kindOf(spec);
  const placed: Placed = { topology, group, spec };
  return {
    get identity() {
      return kind.identity(placed);
    },
    directory: kind.directory(spec),
    replica: (node) => kind.replica(topology, node),
    ports: (node) => kind.ports(node),
    adapter: (node) => kind.adapter(placed, node),
    beans: () => kind.beans(placed),
    // Of a part of a topology, as drift plans it, the database's host may not be there: asked for only when needed.
    get drivers() {
      return kind.drivers(placed);
    },
    javaFlags: kind.javaFlags,
    login: kind.login(placed),
    waits: kind.waits(spec),
    asked: kind.asked,
    startsTogether: kind.startsTogether,
    get lease() {
      return kind.lease(placed);
    },
    get election() {
      return kind.election(placed);
    },
    database: kind.database(spec),
    ensemble: kind.ensemble(spec),
  };
}

/** Groups whose store is in this database of the topology. */
export const groupsIn = (topology: Topology, database: string): string[] =>
  groupNames(topology).filter((group) => storeOf(topology, group).database === database);

export const storeDirectory = (spec: StoreSpec): string | null => kindOf(spec).directory(spec);
/** Directories of a host that are mounts, with the groups whose stores they are. */
export const storeMounts = (topology: Topology, host: string): { group: string; directory: string }[] =>
  groupsOnHost(topology, host).flatMap((group) => {
    const { directory } = storeOf(topology, group);
    return directory === null ? [] : [{ group, directory }];
  });

/** Directories of a host that are mounts, with the nodes whose own copies of a store they are. */
export const replicaMounts = (topology: Topology, host: string): { node: string; directory: string }[] =>
  nodesOnHost(topology, host).flatMap(({ name: node, group }) => {
    const directory = storeOf(topology, group).replica(node);
    return directory === null ? [] : [{ node, directory }];
  });

/** Drivers that brokers of a host need, each once. */
export const driversOnHost = (topology: Topology, host: string): Driver[] => [
  ...new Map(
    groupsOnHost(topology, host)
      .flatMap((group) => storeOf(topology, group).drivers)
      .map((driver) => [driver.file, driver]),
  ).values(),
];
