/** Stores and databases that do not fit together: each is refused at its place, and with nothing else. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseTopology } from '../../../core/topology/parse.js';
import type { TopologyInput } from '../../../core/topology/schema.js';
import { aTopology } from '../../support/topologies.js';

/** Two groups: the first in a database of the topology, or where the overrides say. */
function withDatabase(store: Record<string, unknown>, overrides: Record<string, unknown> = {}): TopologyInput {
  const topology = aTopology({}, { databases: { db: { engine: 'mariadb', host: 'h1' } }, ...overrides });
  topology.groups.g1!.store = { kind: 'jdbc', ...store };
  return topology;
}

const EXISTING = { url: 'jdbc:postgresql://db.example/mq', user: 'mq', password: 'env:EVERBROKER_DB' };

function problemsOf(input: TopologyInput): string[] {
  const result = parseTopology(input);
  return result.ok ? [] : result.problems.map(({ path, message, code }) => `${path} [${code}] ${message}`);
}

const rows: { name: string; input: TopologyInput; says: RegExp }[] = [
  {
    name: 'a database that the topology does not have',
    input: withDatabase({ database: 'dc' }),
    says: /^groups\.g1\.store\.database \[database-unknown\] there is no database dc/,
  },
  {
    name: 'no database at all',
    input: withDatabase({}),
    says: /^groups\.g1\.store \[store-database\] names no database/,
  },
  {
    name: 'a database on a machine that is known by a name',
    input: {
      ...withDatabase({ database: 'db' }),
      databases: { db: { engine: 'mariadb', host: 'far' } },
      hosts: { ...aTopology().hosts, far: { kind: 'ssh', address: 'db.example' } },
    },
    says: /^hosts\.far\.address \[database-by-name\] db\.example is a name, and a database lets in addresses only/,
  },
  {
    name: 'a URL without a password',
    input: withDatabase({ url: EXISTING.url, user: 'mq' }),
    says: /^groups\.g1\.store\.password \[store-database\] is missing/,
  },
  {
    name: 'a user for a database of the topology',
    input: withDatabase({ database: 'db', user: 'mq' }),
    says: /^groups\.g1\.store\.user \[store-database\] db is a database of this topology/,
  },
  {
    name: 'a password in the URL',
    input: withDatabase({ ...EXISTING, url: 'jdbc:mariadb://db/mq?password=x' }),
    says: /^groups\.g1\.store\.url \[schema\] must not hold a password/,
  },
  {
    name: 'a database of another make',
    input: withDatabase({ ...EXISTING, url: 'jdbc:oracle:thin:@db' }),
    says: /^groups\.g1\.store\.url \[schema\] must be a jdbc:mysql, jdbc:mariadb or jdbc:postgresql URL/,
  },
  {
    name: 'a generated password for a database that exists',
    input: withDatabase({ ...EXISTING, password: 'generate' }),
    says: /^groups\.g1\.store\.password \[database-password\]/,
  },
  {
    name: 'a lease that ends before it is renewed twice',
    input: withDatabase({ database: 'db', leaseMs: 1000, lockKeepAliveMs: 600 }),
    says: /^groups\.g1\.store\.lockKeepAliveMs \[lease-short\]/,
  },
  {
    name: 'a lease too short for any database',
    input: withDatabase({ database: 'db', leaseMs: 100, lockKeepAliveMs: 100 }),
    says: /^groups\.g1\.store\.leaseMs \[schema\]/,
  },
  {
    name: 'a move from two stores at once',
    input: withDatabase({ database: 'db', movedFrom: 'kahadb:a kahadb:b' }),
    says: /^groups\.g1\.store\.movedFrom \[schema\] must be one word/,
  },
  {
    name: 'an unknown engine',
    input: withDatabase({ database: 'db' }, { databases: { db: { engine: 'oracle', host: 'h1' } } }),
    says: /^databases\.db\.engine \[schema\]/,
  },
  {
    name: 'a database on a host that is not there',
    input: withDatabase({ database: 'db' }, { databases: { db: { engine: 'mariadb', host: 'h9' } } }),
    says: /^databases\.db\.host \[database-host-unknown\] there is no host h9/,
  },
  {
    name: 'a database with the name of a node',
    input: withDatabase({ database: 'n1' }, { databases: { n1: { engine: 'mariadb', host: 'h1' } } }),
    says: /^databases\.n1 \[database-name\] there is a node n1/,
  },
  {
    name: 'a database on the port of a broker',
    input: withDatabase({ database: 'db' }, { databases: { db: { engine: 'mariadb', host: 'h1', port: 61001 } } }),
    says: /^databases\.db\.port \[database-port\] port 61001 is taken on the same host by n1/,
  },
];

describe('a store in a database is refused, with its place:', () => {
  for (const { name, input, says } of rows) {
    test(name, () => {
      const problems = problemsOf(input);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] ?? '', says);
    });
  }

  test('two groups on one URL, whose tables would be the same', () => {
    const input = withDatabase(EXISTING);
    input.groups.g2!.store = { kind: 'jdbc', ...EXISTING, url: `${EXISTING.url}?ssl=true` };
    assert.match(problemsOf(input).join('\n'), /^groups\.g2\.store\.url \[store-tables-shared\].*g1 already$/);
  });

  test('a database on another Docker network than the nodes', () => {
    const input = withDatabase({ database: 'db' }, { databases: { db: { engine: 'mariadb', host: 'far' } } });
    input.hosts['far'] = { kind: 'docker', address: '172.28.0.9', network: { name: 'other', subnet: '172.28.0.0/16' } };
    assert.match(problemsOf(input).join('\n'), /^databases\.db\.host \[database-apart\] node n1 is on another/);
  });
});

describe('a group on two machines', () => {
  const onTwo = (store: object): TopologyInput => {
    const topology = aTopology({ groups: 1, hosts: 2 });
    topology.hosts = { h1: { kind: 'ssh', address: 'one' }, h2: { kind: 'ssh', address: 'two' } };
    topology.groups.g1!.store = { kind: 'kahadb', directory: '/mnt/mq/g1', ...store };
    return topology;
  };

  test('is refused while nobody says that its directory is one and the same on both', () => {
    const result = parseTopology(onTwo({}));
    assert.ok(!result.ok);
    assert.deepEqual(
      result.problems.map(({ path, code }) => `${path} ${code}`),
      ['groups.g1.nodes store-not-shared'],
    );
    assert.match(result.problems[0]?.suggestion ?? '', /^store\.shared: true says/);
  });

  test('is accepted when somebody does', () => assert.deepEqual(problemsOf(onTwo({ shared: true })), []));

  test('is not told by `shared: false` that it shares nothing: leave it out', () => {
    assert.match(problemsOf(onTwo({ shared: false }))[0] ?? '', /^groups\.g1\.store\.shared \[schema\] must be true/);
  });
});

describe('a store in a database is accepted', () => {
  const warnings = (input: TopologyInput): string[] => {
    const result = parseTopology(input);
    assert.ok(result.ok, problemsOf(input).join('\n'));
    return result.warnings.map(({ path, code }) => `${path} ${code}`);
  };

  test('of the topology, shared by two groups, and said to be the only one', () => {
    const input = withDatabase({ database: 'db' });
    input.groups.g2!.store = { kind: 'jdbc', database: 'db' };
    assert.ok(warnings(input).includes('databases.db database-single'));
  });

  test('that exists, with a password by reference', () => {
    const input = withDatabase(EXISTING, { databases: {} });
    assert.deepEqual(
      warnings(input).filter((warning) => /database|store/.test(warning)),
      [],
    );
  });

  test('with a warning that a URL of MySQL is reached by the driver of MariaDB', () => {
    const found = warnings(withDatabase({ ...EXISTING, url: 'jdbc:mysql://db.example/mq' }, { databases: {} }));
    assert.ok(found.includes('groups.g1.store.url mysql-driver'), found.join('\n'));
  });

  test('with a warning when nobody uses it, or when its lease is long', () => {
    const found = warnings(withDatabase({ ...EXISTING, leaseMs: 20_000 }));
    assert.ok(found.includes('databases.db database-unused'), found.join('\n'));
    assert.ok(found.includes('groups.g1.store.leaseMs lease-slow'), found.join('\n'));
  });

  test('with a warning where a master that does not reach it would stay one', () => {
    const of = (version: string): string[] => warnings({ ...withDatabase(EXISTING), activemq: { version } });
    assert.ok(of('5.15.12').includes('groups.g1.store.kind lease-kept'), of('5.15.12').join('\n'));
    assert.ok(!of('5.15.16').includes('groups.g1.store.kind lease-kept'));
  });
});
