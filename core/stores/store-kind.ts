/** What a kind of store is to everything else. A kind is one file here and one line in index.ts. */
import type { Element } from '../activemq/xml.js';
import type { StoreSpec } from '../topology/schema.js';
import type { Node, Topology } from '../topology/topology.js';
import type { Driver } from './drivers.js';

export type StoreOf<Kind extends StoreSpec['kind']> = Extract<StoreSpec, { kind: Kind }>;

/** A group's store with what it may have to be looked up in. */
export interface Placed<Spec = StoreSpec> {
  topology: Topology;
  group: string;
  spec: Spec;
}

export interface StoreLogin {
  user: string;
  /** `generate` or a reference. */
  password: string;
}

/** A lock that can be asked for, because it is a row in a database. */
export interface Lease {
  /** JDBC URL, without user and password. */
  url: string;
  driver: Driver;
  /** Name under which a node holds the lease. */
  holder(node: string): string;
}

/** A master that ZooKeeper knows, because the nodes of the group are registered there. */
export interface Election {
  /** ZooKeeper's servers, `host:port`. */
  servers: string[];
  /** Below which each node that lives is registered. */
  path: string;
  /** Address under which a node is registered when it is the master. */
  address(node: string): string;
}

export interface Waits {
  /** Extended regular expression. */
  line: string;
  ms: number;
}

export interface StoreKind<Spec extends StoreSpec> {
  kind: Spec['kind'];
  /**
   * Which store it is, in one word that no change of addresses, ports or settings changes: two texts are two stores. Null
   * where a part of a topology does not tell.
   */
  identity(store: Placed<Spec>): string | null;
  /** Directory on the nodes' hosts that the group shares, mounted with a life of its own. */
  directory(spec: Spec): string | null;
  /** Directory of a node's own copy of the store, mounted with a life of its own. */
  replica(topology: Topology, node: string): string | null;
  /** Ports beside openwire and console on which a master listens. */
  ports(node: Node): number[];
  /** Element below persistenceAdapter. */
  adapter(store: Placed<Spec>, node: string): Element;
  /** Beans before the broker that the adapter refers to. */
  beans(store: Placed<Spec>): Element[];
  /** Put behind ActiveMQ's jars on the class path: a class-data archive of these jars alone stays good for it. */
  drivers(store: Placed<Spec>): Driver[];
  /** Of the JVM. */
  javaFlags: readonly string[];
  /** The nodes find it as store.user and store.password among their credentials. */
  login(store: Placed<Spec>): StoreLogin | null;
  /**
   * Words of the log by which a node says that it waits for the lock, and how long it may still become master after
   * them. Null where the agent knows the words, and they are said only by a slave.
   */
  waits(spec: Spec): Waits | null;
  /** Whether there is a lease or an election, so that the store can be asked who is master. */
  asked: boolean;
  /** Whether the nodes after the first may start side by side. */
  startsTogether: boolean;
  /** Null where the lock is a file, whose holder the host's kernel tells. */
  lease(store: Placed<Spec>): Lease | null;
  election(store: Placed<Spec>): Election | null;
  /** Name of the database of the topology that it is in, in which each group has an account. */
  database(spec: Spec): string | null;
  /** Name of the ensemble of the topology by which its master is elected. */
  ensemble(spec: Spec): string | null;
}
