/**
 * Tables in a database that the nodes of a group share. A row with the holder's name and the time until which it holds
 * is the lock (lease): a frozen master loses it, and a thawed one finds that out by itself.
 */
import { element } from '../activemq/xml.js';
import { databaseVolume } from '../naming.js';
import { databaseNamed, hostOf, type Topology } from '../topology/topology.js';
import { databaseEngineOf, portOf, schemaName } from '../databases/engines.js';
import { MARIADB_DRIVER, POSTGRESQL_DRIVER, type JdbcDriver } from './drivers.js';
import type { Placed, StoreKind, StoreOf } from './store-kind.js';

type Jdbc = StoreOf<'jdbc'>;

const BEANS = 'http://www.springframework.org/schema/beans';
const DATA_SOURCE = 'store-source';

/** Connections of one broker: its own work and as many sessions that store at the same time. */
const CONNECTIONS = 20;

/**
 * A database that is gone is noticed by these; without them a broker waits for ever on a connection whose other end has
 * lost its power. MariaDB's driver counts in milliseconds, PostgreSQL's in seconds.
 */
const TIMEOUTS = {
  mariadb: { connectTimeout: 3000, socketTimeout: 10000 },
  postgresql: { connectTimeout: 3, socketTimeout: 10 },
};

const isPostgresql = (url: string): boolean => url.startsWith('jdbc:postgresql:');
const driverOf = (url: string): JdbcDriver => (isPostgresql(url) ? POSTGRESQL_DRIVER : MARIADB_DRIVER);

/** MariaDB's driver speaks to MySQL too, but under its own name only. */
const plainUrl = (url: string): string => url.replace(/^jdbc:mysql:/, 'jdbc:mariadb:');

function urlOf({ topology, group, spec }: Placed<Jdbc>): string {
  const url = spec.database === undefined ? plainUrl(spec.url ?? '') : ownUrl(topology, spec.database, group);
  const timeouts = Object.entries(TIMEOUTS[isPostgresql(url) ? 'postgresql' : 'mariadb']);
  return timeouts
    .filter(([key]) => !new RegExp(`[?&]${key}=`, 'i').test(url))
    .reduce((text, [key, value]) => `${text}${text.includes('?') ? '&' : '?'}${key}=${value}`, url);
}

function ownUrl(topology: Topology, name: string, group: string): string {
  const database = databaseNamed(topology, name);
  const { address } = hostOf(topology, database.host);
  return `jdbc:${databaseEngineOf(database).scheme}://${address}:${portOf(database)}/${schemaName(group)}`;
}

/** Unique a node: the default is the broker's name, which all nodes of a group share, and all would be masters. */
const holder = (topology: Topology, node: string): string => `${topology.name}.${node}`;

const property = (name: string, value: string | number | boolean) => element('property', { name, value });

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
      lockKeepAlivePeriod: spec.lockKeepAliveMs,
      createTablesOnStartup: true,
      useDatabaseLock: true,
    };
    return element('jdbcPersistenceAdapter', attributes, [
      ...adapter,
      element('locker', {}, [element('lease-database-locker', lock)]),
    ]);
  },
  beans: (store) => {
    const url = urlOf(store);
    const made = { id: DATA_SOURCE, class: 'org.apache.commons.dbcp2.BasicDataSource', 'destroy-method': 'close' };
    return [
      element('bean', { xmlns: BEANS, ...made }, [
        property('driverClassName', driverOf(url).className),
        property('url', url),
        property('username', '${store.user}'),
        property('password', '${store.password}'),
        property('poolPreparedStatements', true),
        property('maxTotal', CONNECTIONS),
      ]),
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
};
