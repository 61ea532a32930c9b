/**
 * Tables in a database that the nodes of a group share. A row with the holder's name and the time until which it holds
 * is the lock (lease): a frozen master loses it, and a thawed one finds that out by itself.
 */
import { stopsWithoutLease } from '../activemq/versions.js';
import { element, type Element } from '../activemq/xml.js';
import { databaseVolume } from '../naming.js';
import { databaseNamed, hostOf, type Topology } from '../topology/topology.js';
import { databaseEngineOf, portOf, schemaName } from '../databases/engines.js';
import { MARIADB_DRIVER, POSTGRESQL_DRIVER, type JdbcDriver } from './drivers.js';
import type { Placed, StoreKind, StoreOf } from './store-kind.js';

type Jdbc = StoreOf<'jdbc'>;

const BEANS = 'http://www.springframework.org/schema/beans';
const DATA_SOURCE = 'store-source';
/** For the lease alone, which has no time to wait. */
const LOCK_SOURCE = 'lock-source';

/** Connections of one broker: its own work and as many sessions that store at the same time. */
const CONNECTIONS = 20;

/**
 * A database that is gone is noticed by these, ms; without them a broker waits for ever on a connection whose other end has
 * lost its power. MariaDB's driver counts in milliseconds, PostgreSQL's in seconds.
 */
const TIMEOUTS = { connectTimeout: 3000, socketTimeout: 10_000 };
type Timeouts = typeof TIMEOUTS;

/**
 * A master that does not reach its database must have closed its port before another one can get the lease: with a renewal
 * at least twice a lease, and an answer within half of one, it knows in time.
 */
const lockTimeouts = ({ leaseMs }: Jdbc): Timeouts => ({ connectTimeout: leaseMs / 2, socketTimeout: leaseMs / 2 });

const isPostgresql = (url: string): boolean => url.startsWith('jdbc:postgresql:');
const driverOf = (url: string): JdbcDriver => (isPostgresql(url) ? POSTGRESQL_DRIVER : MARIADB_DRIVER);

/** MariaDB's driver speaks to MySQL too, but under its own name only. */
const plainUrl = (url: string): string => url.replace(/^jdbc:mysql:/, 'jdbc:mariadb:');

function urlOf({ topology, group, spec }: Placed<Jdbc>): string {
  const url = spec.database === undefined ? plainUrl(spec.url ?? '') : ownUrl(topology, spec.database, group);
  return withTimeouts(url, TIMEOUTS);
}

const givenTimeout = (key: string): RegExp => new RegExp(`(?<=[?&]${key}=)[^&]*`, 'i');

/** Those that the URL has already are the user's own. */
function withTimeouts(url: string, timeouts: Timeouts): string {
  return Object.entries(timeouts)
    .filter(([key]) => !givenTimeout(key).test(url))
    .reduce((text, [key, ms]) => `${text}${text.includes('?') ? '&' : '?'}${key}=${inUnitOf(url, ms)}`, url);
}

/** In place of those that the URL has. */
const withTheseTimeouts = (url: string, timeouts: Timeouts): string =>
  Object.entries(timeouts).reduce(
    (text, [key, ms]) => text.replace(givenTimeout(key), String(inUnitOf(url, ms))),
    withTimeouts(url, timeouts),
  );

const inUnitOf = (url: string, ms: number): number =>
  isPostgresql(url) ? Math.max(1, Math.floor(ms / 1000)) : Math.floor(ms);

function ownUrl(topology: Topology, name: string, group: string): string {
  const database = databaseNamed(topology, name);
  const { address } = hostOf(topology, database.host);
  return `jdbc:${databaseEngineOf(database).scheme}://${address}:${portOf(database)}/${schemaName(group)}`;
}

/** Unique a node: the default is the broker's name, which all nodes of a group share, and all would be masters. */
const holder = (topology: Topology, node: string): string => `${topology.name}.${node}`;

/**
 * Stores a message only while the row of the lease names this node; else there is no number to add, and the database refuses
 * the row (ActiveMQ's own statement has a plain `?` there). Without it a master that was frozen, or cut off, for longer than
 * its lease stores and acknowledges what it still had in hand when it goes on, before it looks at the lease again; the new
 * master has read the table by then and does not deliver that message before its own next start (measured: one message in
 * two of three drills). Of a transaction of JMS that holds up to its commit, which follows at once.
 */
const storeStatement = (holder: string): string =>
  'INSERT INTO ACTIVEMQ_MSGS(ID, MSGID_PROD, MSGID_SEQ, CONTAINER, EXPIRATION, PRIORITY, MSG, XID) VALUES ' +
  `(? + (SELECT 0 FROM ACTIVEMQ_LOCK WHERE ID = 1 AND BROKER_NAME = '${holder}'), ?, ?, ?, ?, ?, ?, ?)`;

const property = (name: string, value: string | number | boolean) => element('property', { name, value });

/** A lease is taken over one connection and proved over a second; the first renews it, and the other would be stale when needed. */
const LOCK_POOL = {
  maxTotal: 2,
  maxIdle: 1,
  // To ask whether a connection lives takes as long as the renewal itself, and then a new one is tried.
  testOnBorrow: false,
};

const source = (id: string, url: string, pool: Record<string, number | boolean>): Element =>
  element('bean', { xmlns: BEANS, id, class: 'org.apache.commons.dbcp2.BasicDataSource', 'destroy-method': 'close' }, [
    property('driverClassName', driverOf(url).className),
    property('url', url),
    property('username', '${store.user}'),
    property('password', '${store.password}'),
    property('poolPreparedStatements', true),
    ...Object.entries(pool).map(([name, value]) => property(name, value)),
  ]);

export const jdbc: StoreKind<Jdbc> = {
  kind: 'jdbc',
  identity: ({ topology, group, spec }) => {
    if (spec.database === undefined) return plainUrl(spec.url ?? '').replace(/[?;].*$/, '');
    const { engine, host } = databaseNamed(topology, spec.database);
    const at = topology.hosts[host];
    if (at === undefined) return null;
    // In containers the volume is the database, whatever its address.
    const where =
      at.kind === 'docker' ? databaseVolume(topology.name, spec.database) : `${at.address}:${spec.database}`;
    return `${engine}:${where}/${schemaName(group)}`;
  },
  directory: () => null,
  replica: () => null,
  ports: () => [],
  adapter: (store, node) => {
    const { spec, topology } = store;
    // Left to itself ActiveMQ makes the column of messages a blob of 64 KB there (measured: a message of 100 KB is refused).
    const adapter = isPostgresql(urlOf(store)) ? [] : [element('adapter', {}, [element('mysql-jdbc-adapter')])];
    const lock = { lockAcquireSleepInterval: spec.leaseMs, leaseHolderId: holder(topology, node) };
    const attributes = {
      dataDirectory: '${activemq.data}',
      dataSource: `#${DATA_SOURCE}`,
      lockDataSource: `#${LOCK_SOURCE}`,
      ...(stopsWithoutLease(topology.activemq.version) ? { stopOnError: true } : {}),
      lockKeepAlivePeriod: spec.lockKeepAliveMs,
      createTablesOnStartup: true,
      useDatabaseLock: true,
    };
    const statements = { addMessageStatement: storeStatement(holder(topology, node)) };
    return element('jdbcPersistenceAdapter', attributes, [
      ...adapter,
      element('locker', {}, [element('lease-database-locker', lock)]),
      element('statements', {}, [element('statements', statements)]),
    ]);
  },
  beans: (store) => {
    const url = urlOf(store);
    return [
      source(DATA_SOURCE, url, { maxTotal: CONNECTIONS }),
      source(LOCK_SOURCE, withTheseTimeouts(url, lockTimeouts(store.spec)), LOCK_POOL),
    ];
  },
  drivers: (store) => [driverOf(urlOf(store))],
  javaFlags: [],
  login: ({ group, spec }) =>
    spec.database === undefined
      ? { user: spec.user ?? '', password: spec.password ?? '' }
      : { user: schemaName(group), password: 'generate' },
  // The first says so as well before it gets the lease, for which the lease of a dead master must have ended first.
  waits: ({ leaseMs }) => ({
    line: 'attempting to acquire exclusive lease to become the master',
    ms: 2 * leaseMs + 1000,
  }),
  asked: true,
  startsTogether: true,
  election: () => null,
  lease: (store) => {
    const url = urlOf(store);
    return { url, driver: driverOf(url), holder: (node) => holder(store.topology, node) };
  },
  database: (spec) => spec.database ?? null,
  ensemble: () => null,
};
