/** The kinds of stores: the one place where they are told apart. */
import { groupOf, groupsOnHost, type Topology } from '../topology/topology.js';
import type { StoreSpec } from '../topology/schema.js';
import type { Driver } from './drivers.js';
import { jdbc } from './jdbc.js';
import { kahadb } from './kahadb.js';
import { leveldb } from './leveldb.js';
import type { Lease, Placed, StoreKind, StoreLogin, StoreOf, Waits } from './store-kind.js';
import type { Element } from '../activemq/xml.js';

const KINDS: { [Kind in StoreSpec['kind']]: StoreKind<StoreOf<Kind>> } = { kahadb, jdbc, leveldb };

/** The compiler cannot see that a spec and the kind found by its name belong together. */
const kindOf = (spec: StoreSpec): StoreKind<StoreSpec> => KINDS[spec.kind];

/** The store of a group, with its kind's answers. */
export interface Store {
  directory: string | null;
  adapter(node: string): Element;
  beans: () => Element[];
  readonly drivers: Driver[];
  login: StoreLogin | null;
  waits: Waits | null;
  /** Whether there is a lease. */
  leased: boolean;
  readonly lease: Lease | null;
  database: string | null;
}

export function storeOf(topology: Topology, group: string): Store {
  const { store: spec } = groupOf(topology, group);
  const kind = kindOf(spec);
  const placed: Placed = { topology, group, spec };
  return {
    directory: kind.directory(spec),
    adapter: (node) => kind.adapter(placed, node),
    beans: () => kind.beans(placed),
    // Of a part of a topology, as drift plans it, the database's host may not be there: asked for only when needed.
    get drivers() {
      return kind.drivers(placed);
    },
    login: kind.login(placed),
    waits: kind.waits(spec),
    leased: kind.leased,
    get lease() {
      return kind.lease(placed);
    },
    database: kind.database(spec),
  };
}

export const storeDirectory = (spec: StoreSpec): string | null => kindOf(spec).directory(spec);
/** Directories of a host that are mounts, with the groups whose stores they are. */
export const storeMounts = (topology: Topology, host: string): { group: string; directory: string }[] =>
  groupsOnHost(topology, host).flatMap((group) => {
    const { directory } = storeOf(topology, group);
    return directory === null ? [] : [{ group, directory }];
  });

/** Drivers that brokers of a host need, each once. */
export const driversOnHost = (topology: Topology, host: string): Driver[] => [
  ...new Map(
    groupsOnHost(topology, host)
      .flatMap((group) => storeOf(topology, group).drivers)
      .map((driver) => [driver.file, driver]),
  ).values(),
];
