/** What a record keeps of the topology. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordedTopology } from '../../../core/drills/record-topology.js';
import { drillRecordSchema } from '../../../core/drills/record.js';
import { aRecord } from '../../support/drills.js';
import { shippedTopology } from '../../support/shipped.js';

test('a record tells where stores, databases and ensembles are, and which way bridges go', async () => {
  const jdbc = recordedTopology(await shippedTopology('jdbc-mariadb'));
  assert.deepEqual(jdbc.hosts, ['mqhost1', 'mqhost2', 'dbhost']);
  assert.deepEqual(jdbc.stores?.['brokerB'], { kind: 'jdbc', service: 'db' });
  assert.deepEqual(jdbc.services, [{ name: 'db', engine: 'mariadb', servers: [{ name: 'db', host: 'dbhost' }] }]);
  assert.deepEqual(jdbc.bridges, [{ from: 'brokerA', to: 'brokerB', name: 'toB', duplex: true }]);
  const leveldb = recordedTopology(await shippedTopology('leveldb-zookeeper'));
  assert.deepEqual(leveldb.stores?.['brokerA'], { kind: 'leveldb', service: 'zoo' });
  assert.deepEqual(leveldb.services?.[0]?.servers.at(-1), { name: 'zoo-3', host: 'mqhost3' });
  assert.equal(recordedTopology(await shippedTopology('ha-6')).stores?.['brokerA']?.service, null);
});

test('a record has no addresses, and is read as it was written', async () => {
  const topology = recordedTopology(await shippedTopology('ha-6'));
  assert.doesNotMatch(JSON.stringify(topology), /\d+\.\d+\.\d+\.\d+|616\d\d/);
  assert.deepEqual(drillRecordSchema.parse(aRecord({ topology })).topology, topology);
});

test('records of before are read as well', () => {
  const { topology } = aRecord();
  assert.equal(topology.stores, undefined);
  assert.equal(topology.bridges[0]?.duplex, undefined);
});
