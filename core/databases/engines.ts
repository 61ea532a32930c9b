/** The engines of services: the one place where they are told apart. */
import type { DatabaseSpec } from '../topology/schema.js';
import type { Service } from '../topology/topology.js';
import type { DatabaseEngine, Engine } from './engine.js';
import { mariadb } from './mariadb.js';
import { postgresql } from './postgresql.js';
import { zookeeper } from './zookeeper.js';

const DATABASES: Record<DatabaseSpec['engine'], DatabaseEngine> = { mariadb, postgresql };
const ENGINES: Record<Service['engine'], Engine> = { ...DATABASES, zookeeper };

export const engineOf = ({ engine }: Pick<Service, 'engine'>): Engine => ENGINES[engine];
export const databaseEngineOf = ({ engine }: DatabaseSpec): DatabaseEngine => DATABASES[engine];
export const portOf = (service: Pick<Service, 'engine' | 'port'>): number => service.port ?? engineOf(service).port;

/** Schema and user of a group. The prefix keeps clear of the engine's own names. */
export const schemaName = (group: string): string => `everbroker_${group}`;
