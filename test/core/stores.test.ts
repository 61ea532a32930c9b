/** What a store in a database makes of a node's files, and what its lock says of a group. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { activemqXml } from '../../core/activemq/activemq-xml.js';
import { credentialsText } from '../../core/activemq/credentials.js';
import { launchText } from '../../core/activemq/launch.js';
import { placeService, renderService } from '../../core/databases/index.js';
import { databaseEngineOf } from '../../core/databases/engines.js';
import { driftChecks } from '../../core/health/drift.js';
import { planDeploy } from '../../core/plan/deploy.js';
import { aDesired, carryOut, noHosts } from '../support/simulated-hosts.js';
import { judgeStore, type StoreReading } from '../../core/health/store-reading.js';
import { driversOnHost, storeOf } from '../../core/stores/index.js';
import { databaseNamed, nodeNamed, type Topology } from '../../core/topology/topology.js';
import { SECRETS } from './activemq/golden.js';
import { aTopology, parsed } from '../support/topologies.js';

/** Two groups in one database, on two hosts. */
function inDatabase(engine: 'mariadb' | 'postgresql'): Topology {
  const input = aTopology({ hosts: 2 }, { databases: { db: { engine, host: 'h1' } } });
  for (const group of Object.values(input.groups)) group.store = { kind: 'jdbc', database: 'db' };
  return parsed(input);
}

/** One group in a database that exists. */
function existing(url: string): Topology {
  const input = aTopology({ groups: 1 });
  input.groups.g1!.store = { kind: 'jdbc', url, user: 'mq', password: 'env:EVERBROKER_DB' };
  return parsed(input);
}

const xmlOf = (topology: Topology, node = 'n1'): string => activemqXml(topology, nodeNamed(topology, node));

describe('a node whose store is a database', () => {
  test('of MariaDB has large columns for messages, a lease of its own name, and no password', () => {
    const xml = xmlOf(inDatabase('mariadb'));
    assert.match(xml, /<mysql-jdbc-adapter\/>/);
    assert.match(xml, /lockAcquireSleepInterval="2000" leaseHolderId="test\.n1"/);
    assert.match(
      xml,
      /value="jdbc:mariadb:\/\/172\.29\.0\.11:3306\/everbroker_g1\?connectTimeout=3000&amp;socketTimeout=10000"/,
    );
    assert.match(xml, /name="password" value="\$\{store\.password\}"/);
    assert.ok(xml.indexOf('id="store-source"') < xml.indexOf('<broker '), 'the bean stands before the broker');
  });

  test('of PostgreSQL needs no adapter, and counts its time-outs in seconds', () => {
    const xml = xmlOf(inDatabase('postgresql'));
    assert.doesNotMatch(xml, /mysql/);
    assert.match(xml, /jdbc:postgresql:\/\/172\.29\.0\.11:5432\/everbroker_g1\?connectTimeout=3&amp;socketTimeout=10"/);
  });

  test('stores a message only where the lease names it', () => {
    for (const node of ['n1', 'n2'])
      assert.ok(
        xmlOf(inDatabase('mariadb'), node).includes(
          `VALUES (? + (SELECT 0 FROM ACTIVEMQ_LOCK WHERE ID = 1 AND BROKER_NAME = '${
            /leaseHolderId="([^"]+)"/.exec(xmlOf(inDatabase('mariadb'), node))?.[1] ?? '?'
          }'), ?, ?, ?, ?, ?, ?, ?)`,
        ),
      );
  });

  test('renews its lease over connections that answer within half of it, or are given up, and stops without it', () => {
    const lockUrl = (xml: string): string =>
      /id="lock-source".*?name="url" value="([^"]+)"/s.exec(xml)?.[1]?.replace(/&amp;/g, '&') ?? '';
    assert.match(lockUrl(xmlOf(inDatabase('mariadb'))), /\?connectTimeout=1000&socketTimeout=1000$/);
    assert.match(lockUrl(xmlOf(inDatabase('postgresql'))), /\?connectTimeout=1&socketTimeout=1$/);
    assert.match(
      lockUrl(xmlOf(existing('jdbc:postgresql://db.example/mq?socketTimeout=60&ssl=true'))),
      /\/mq\?socketTimeout=1&ssl=true&connectTimeout=1$/,
    );
    const lockSource = /id="lock-source".*?<\/bean>/s.exec(xmlOf(inDatabase('mariadb')))?.[0] ?? '';
    assert.match(
      lockSource,
      /name="testOnBorrow" value="false"/,
      'a look at the connection would take the time of the renewal',
    );
    const withVersion = (version: string): string => {
      const topology = inDatabase('mariadb');
      return xmlOf({ ...topology, activemq: { ...topology.activemq, version } });
    };
    assert.match(withVersion('5.18.3'), / lockDataSource="#lock-source" stopOnError="true" /);
    assert.match(withVersion('5.15.16'), / stopOnError="true" /);
    assert.doesNotMatch(withVersion('5.15.12'), /stopOnError/);
  });

  test('holds the lease under another name than every other node', () => {
    const topology = inDatabase('mariadb');
    const holders = ['n1', 'n2', 'n3', 'n4'].map((node) => /leaseHolderId="([^"]+)"/.exec(xmlOf(topology, node))?.[1]);
    assert.equal(new Set(holders).size, 4);
  });

  test('keeps what an existing URL says, and reaches MySQL by the driver of MariaDB', () => {
    const xml = xmlOf(existing('jdbc:mysql://db.example/mq?socketTimeout=1'));
    assert.match(xml, /jdbc:mariadb:\/\/db\.example\/mq\?socketTimeout=1&amp;connectTimeout=3000"/);
    assert.match(xml, /<mysql-jdbc-adapter\/>/);
  });

  test('tells its agent by which words it waits, and for how long it may still become master', () => {
    const topology = inDatabase('mariadb');
    const launch = launchText(topology, nodeNamed(topology, 'n1'));
    assert.match(launch, /^WAITS_LINE=attempting to acquire exclusive lease to become the master$/m);
    assert.match(launch, /^WAITS_MS=5000$/m);
    assert.match(launch, /^STORE=$/m);
  });

  test('gets the password of its own group only', () => {
    const stores = { g1: { user: 'u1', password: 'first' }, g2: { user: 'u2', password: 'second' } };
    const text = credentialsText({ ...SECRETS, stores }, 'g1');
    assert.match(text, /^store\.user=u1\nstore\.password=first$/m);
    assert.doesNotMatch(text, /second/);
  });

  test('has its driver behind the jars of the distribution, and other groups have none', () => {
    const input = aTopology({ hosts: 1 }, { databases: { db: { engine: 'mariadb', host: 'h1' } } });
    input.groups.g2!.store = { kind: 'jdbc', database: 'db' };
    const topology = parsed(input);
    assert.deepEqual(storeOf(topology, 'g1').drivers, []);
    assert.deepEqual(
      driversOnHost(topology, 'h1').map(({ file }) => file),
      ['mariadb-java-client-3.4.1.jar'],
    );
  });
});

describe('a database of the topology', () => {
  const passwords = { g1: { user: 'u', password: "it's \\ a" }, g2: { user: 'u', password: 'two' } };
  const filesOf = (topology: Topology) =>
    Object.fromEntries(
      renderService(topology, databaseNamed(topology, 'db')).map(({ path, content }) => [
        path.split('/').at(-1),
        content,
      ]),
    );

  for (const engine of ['mariadb', 'postgresql'] as const) {
    test(`${engine} listens on the address of its host only, and no file holds a password`, () => {
      const files = filesOf(inDatabase(engine));
      const text = Object.values(files).join('\n');
      assert.match(text, /(bind-address = |listen_addresses = ')172\.29\.0\.11'?$/m);
      for (const { password } of Object.values(passwords)) assert.ok(!text.includes(password));
    });

    test(`${engine} gives each group a schema, and takes its password as text and not as SQL`, () => {
      const topology = inDatabase(engine);
      const sql = databaseEngineOf(databaseNamed(topology, 'db')).accounts.sql(
        placeService(topology, databaseNamed(topology, 'db')),
        passwords,
      );
      assert.ok(sql.includes("it''s \\\\ a"), sql);
      assert.match(sql, /CREATE DATABASE (IF NOT EXISTS `|")everbroker_g2/);
    });
  }

  test('lets in the hosts of the nodes, each group to its own schema', () => {
    const { 'pg_hba.conf': hba } = filesOf(inDatabase('postgresql'));
    assert.deepEqual(hba?.trim().split('\n').slice(1, 3), [
      'host "everbroker_g1" "everbroker_g1" 172.29.0.11/32 scram-sha-256',
      'host "everbroker_g1" "everbroker_g1" 172.29.0.12/32 scram-sha-256',
    ]);
    assert.doesNotMatch(hba ?? '', /all all (?!peer)/);
  });
});

describe('the lease of a group', () => {
  const topology = inDatabase('mariadb');
  const judge = (readings: StoreReading[], master: string | null = 'n1') => {
    const [check] = judgeStore(topology, 'g1', { readings, master });
    assert.ok(check);
    return check.ok ? 'ok' : `${check.fault}: ${check.detail}`;
  };
  const held = (holder: string | null, leftMs = 1500): StoreReading => ({ state: 'read', holder, leftMs });

  test('is well when the master has it', () => assert.equal(judge([held('test.n1'), held('test.n1')]), 'ok'));
  test('is amiss when a slave has it', () =>
    assert.match(judge([held('test.n2')]), /^LeaseElsewhere: .* held by n2 .* but n1 serves$/));
  test('is amiss when a node of another group has it', () =>
    assert.match(judge([held('test.n3')]), /^LeaseElsewhere: .*"test.n3", which is none of its nodes/));
  test('is amiss when nobody serves', () =>
    assert.match(judge([held('test.n1')], null), /^LeaseElsewhere: .* but nobody serves$/));
  test('is amiss when it has run out, or never was', () => {
    assert.match(judge([held('test.n1', -5)]), /^LeaseFree: .*test.n1 held it last/);
    assert.match(judge([held(null, 0)]), /^LeaseFree/);
  });
  test('is not known when one host cannot reach the database, though another can', () =>
    assert.match(
      judge([held('test.n1'), { state: 'unreachable', detail: 'Connection refused' }]),
      /^StoreUnreachable: .* cannot be reached, so nothing can be stored: Connection refused$/,
    ));
  test('is not known when nobody could ask', () => assert.match(judge([]), /^HostUnseen/));
  test('is nothing that a group on files has', () =>
    assert.deepEqual(judgeStore(parsed(aTopology()), 'g1', { readings: [], master: 'n1' }), []));
});

describe('drift of a cluster whose database host is gone', () => {
  test('is told of the hosts that are there, and the database as down', () => {
    const input = aTopology({ hosts: 1 }, { databases: { db: { engine: 'mariadb', host: 'far' } } });
    input.hosts['far'] = { ...input.hosts['h1']!, address: '172.29.0.99' };
    for (const group of Object.values(input.groups)) group.store = { kind: 'jdbc', database: 'db' };
    const topology = parsed(input);
    const desired = aDesired(topology);
    const known = { topology, desired, observed: noHosts(topology), secretsChanged: false };
    const observed = carryOut(topology, { plan: planDeploy(known), desired }, known.observed);
    delete observed['far']!.inside;
    const checks = driftChecks({ ...known, observed }, {});
    assert.deepEqual(
      checks.filter(({ ok }) => !ok).map(({ name, fault }) => `${name}: ${fault}`),
      ['far is as the topology says: HostDown', 'database db on far: DatabaseDown'],
    );
  });
});
