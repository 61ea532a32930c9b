/** What an engine of services (databases, ZooKeeper) is to everything else. An engine is one file here and one line in engines.ts. */
import type { ClusterSecrets } from '../secrets.js';
import type { Service, Topology } from '../topology/topology.js';

/** A group's part of a database: a schema and a user of the same name, for the hosts of its nodes only. */
export interface Access {
  group: string;
  name: string;
  /** Addresses from which its nodes come. */
  addresses: string[];
}

export interface PlacedService {
  topology: Topology;
  service: Service;
  /** Directory on the host. */
  base: string;
  address: string;
  port: number;
  access: Access[];
}

export interface File {
  name: string;
  content: string;
}

/** How those who use a service get in. */
export interface Accounts {
  /** Read again while the server runs, so that no change of it costs a restart. */
  access(placed: PlacedService): File;
  /** Client that reads SQL from standard input, as the administrator through the local socket. */
  client(placed: PlacedService, user: string): string[];
  /** Makes schemas, users and rights as wanted, however often it runs. Holds passwords: for standard input only. */
  sql(placed: PlacedService, stores: ClusterSecrets['stores']): string;
}

export interface Engine {
  title: string;
  port: number;
  /** Whether it runs on the host's Java. */
  java: boolean;
  /** Packages of a distribution with apt. */
  packages: string[];
  /** What has to be there before the packages are installed, so that they start nothing of their own. */
  beforeInstall: string;
  /** Prints the directory of the programs. */
  findPrograms: string;
  /** Name of the server among the programs. */
  server: string;
  /** Makes an empty database in $1, as the database's user named $2, with the programs in $3. */
  initialise: string;
  /** A smart stop would wait for the brokers to leave. */
  stopSignal: 'TERM' | 'INT';
  configuration(placed: PlacedService): File[];
  arguments(placed: PlacedService): string[];
  /** Null where nobody logs in. */
  accounts: Accounts | null;
}

export interface DatabaseEngine extends Engine {
  /** Of JDBC URLs. */
  scheme: string;
  accounts: Accounts;
}

/** Where the server listens for the administrator; below `data`, which is the database user's own. */
export const pidFile = (base: string): string => `${base}/data/server.pid`;
export const dataDirectory = (base: string): string => `${base}/data/db`;
