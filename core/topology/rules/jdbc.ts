import { stopsWithoutLease } from '../../activemq/versions.js';
import { placedStores } from '../draft.js';
import type { Draft, Placed } from '../draft.js';
import type { StoreSpec } from '../schema.js';
import { claimedTwice } from './rule.js';
import type { Rule, RuleFinding } from './rule.js';

type Jdbc = Extract<StoreSpec, { kind: 'jdbc' }>;

const stores = (draft: Draft): Placed<Jdbc>[] =>
  placedStores(draft).flatMap(({ name, at, spec }) => (spec.kind === 'jdbc' ? [{ name, at, spec }] : []));

/** What tells where a database that exists is, and how to get in. */
const EXISTING = ['url', 'user', 'password'] as const;

const source: Rule = {
  id: 'store-database',
  severity: 'error',
  says: 'A store of kind jdbc names either a `database` of the topology, or `url`, `user` and `password` of one that exists.',
  check: (draft) =>
    stores(draft).flatMap(({ at, spec }): RuleFinding[] => {
      const given = EXISTING.filter((key) => spec[key] !== undefined);
      const missing = EXISTING.filter((key) => spec[key] === undefined);
      if (spec.database !== undefined)
        return given.map((key) => ({
          at: [...at, key],
          message: `${spec.database} is a database of this topology: its ${key} is not yours to choose`,
          suggestion: `leave ${key} out`,
        }));
      if (given.length === 0)
        return [{ at, message: 'names no database', suggestion: 'give `database`, or `url`, `user` and `password`' }];
      return missing.map((key) => ({
        at: [...at, key],
        message: `is missing: ${given.join(' and ')} alone do not do`,
      }));
    }),
};

const byAddress: Rule = {
  id: 'database-by-name',
  severity: 'error',
  says: 'A database of the topology and the groups that store in it are on hosts with an IP address: it listens on one, and lets in nothing else.',
  check: ({ topology }) => {
    const users = (database: string): string[] =>
      Object.values(topology.groups).flatMap(({ store, nodes }) =>
        store.kind === 'jdbc' && store.database === database ? Object.values(nodes).map((node) => node.host) : [],
      );
    const used = Object.entries(topology.databases ?? {}).flatMap(([name, { host }]) => [host, ...users(name)]);
    return Object.entries(topology.hosts)
      .filter(([name, { address }]) => used.includes(name) && !/^\d+(\.\d+){3}$/.test(address))
      .map(([name, { address }]) => ({
        at: ['hosts', name, 'address'],
        message: `${address} is a name, and a database lets in addresses only`,
        suggestion: 'its IPv4 address',
      }));
  },
};

const password: Rule = {
  id: 'database-password',
  severity: 'error',
  says: 'The password of a database that exists is not generated.',
  check: (draft) =>
    stores(draft)
      .filter(({ spec }) => spec.password === 'generate')
      .map(({ at }) => ({
        at: [...at, 'password'],
        message: 'a database that exists has its password already',
        suggestion: 'env:EVERBROKER_… or file:<path below the secrets directory>',
      })),
};

const apart: Rule = {
  id: 'store-tables-shared',
  severity: 'error',
  says: 'No two groups use one database by its URL: their tables have the same names, and one row would lock both.',
  check: (draft) =>
    claimedTwice(
      stores(draft).flatMap(({ name, at, spec }) =>
        spec.url === undefined ? [] : [{ key: spec.url.replace(/[?;].*$/, ''), at: [...at, 'url'], by: name }],
      ),
      (_claim, first) => `is the store of group ${first.by} already`,
    ),
};

/** A renewal may be late or lost once; a lease that ends before the next one makes the master give up for nothing. */
const lease: Rule = {
  id: 'lease-short',
  severity: 'error',
  says: '`lockKeepAliveMs` is at most half of `leaseMs`.',
  check: (draft) =>
    stores(draft).flatMap(({ at, spec }) =>
      spec.lockKeepAliveMs * 2 <= spec.leaseMs
        ? []
        : [
            {
              at: [...at, 'lockKeepAliveMs'],
              message: `a lease of ${spec.leaseMs} ms that is renewed every ${spec.lockKeepAliveMs} ms is lost with the first late renewal`,
              suggestion: `at most ${Math.floor(spec.leaseMs / 2)}`,
            },
          ],
    ),
};

const SLOW_MS = 10_000;

const slow: Rule = {
  id: 'lease-slow',
  severity: 'warning',
  says: `\`leaseMs\` is above ${SLOW_MS} ms.`,
  check: (draft) =>
    stores(draft)
      .filter(({ spec }) => spec.leaseMs > SLOW_MS)
      .map(({ at, spec }) => ({
        at: [...at, 'leaseMs'],
        message: `${spec.leaseMs} ms: after a master's death nobody serves for up to twice as long`,
      })),
};

const mysql: Rule = {
  id: 'mysql-driver',
  severity: 'warning',
  says: "A `jdbc:mysql:` URL is reached by MariaDB's driver; MySQL's own is not used.",
  check: (draft) =>
    stores(draft)
      .filter(({ spec }) => spec.url?.startsWith('jdbc:mysql:'))
      .map(({ at }) => ({
        at: [...at, 'url'],
        message: "is reached by MariaDB's driver, which knows its own parameters only",
      })),
};

/** Such a master keeps its port, and after the network is back stores what it had taken, past the one that took over. */
const kept: Rule = {
  id: 'lease-kept',
  severity: 'warning',
  says: 'The ActiveMQ version of a `jdbc` store stops a master that cannot renew its lease.',
  check: (draft) => {
    const { version } = draft.topology.activemq;
    if (stopsWithoutLease(version)) return [];
    const message = `a master of ActiveMQ ${version} that does not reach its database keeps its port: two are there at once, and messages can be lost`;
    return stores(draft).map(({ at }) => ({ at: [...at, 'kind'], message, suggestion: 'use 5.15.16 or later' }));
  },
};

export const jdbcRules: readonly Rule[] = [source, byAddress, password, apart, lease, slow, mysql, kept];
