/** The engines of databases: the one place where they are told apart. */
import type { DatabaseSpec } from '../topology/schema.js';
import type { DatabaseEngine } from './engine.js';
import { mariadb } from './mariadb.js';
import { postgresql } from './postgresql.js';

const ENGINES: Record<DatabaseSpec['engine'], DatabaseEngine> = { mariadb, postgresql };

export const engineOf = (database: DatabaseSpec): DatabaseEngine => ENGINES[database.engine];
export const portOf = (database: DatabaseSpec): number => database.port ?? engineOf(database).port;

/** Schema and user of a group. The prefix keeps clear of the engine's own names. */
export const schemaName = (group: string): string => `everbroker_${group}`;
