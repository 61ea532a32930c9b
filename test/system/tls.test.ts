/** The shipped topology tls: everything encrypted, plain text refused, certificates that end in time replaced. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { VerifyOutput } from '../../core/contract.js';
import { groupNames, type Topology } from '../../core/topology/topology.js';
import { clusterText } from '../support/cluster-text.js';
import { faultsOf, killMaster, withJava } from '../support/network.js';
import { allHistories, leaksIn } from '../support/leaks.js';
import { Victim } from '../support/sabotage.js';
import { shippedCopy } from '../support/shipped.js';
import { System, failedChecks } from '../support/system.js';

let system: System;
let topology: Topology;
before(async () => {
  system = await System.start();
  topology = withJava(await shippedCopy('tls'));
  system.owns(topology.name);
});
after(() => system.stop());

const deploy = async (wanted: Topology) => (await system.everbroker.deploy({ topology: { ...wanted } })).result();
const verify = async (wanted: Topology): Promise<VerifyOutput> =>
  (await system.everbroker.verify({ topology: { ...wanted } })).result();
const withTls = (tls: Topology['security']['tls']): Topology => ({
  ...topology,
  security: { ...topology.security, tls },
});

test('is deployed and proven over TLS alone, with URLs that say so', async () => {
  const result = await deploy(topology);
  assert.equal(result.outcome, 'deployed');
  assert.deepEqual(failedChecks(result.checks), []);
  for (const url of Object.values(result.clientUrls)) assert.match(url, /^failover:\(ssl:\/\//);
  for (const node of result.nodes) assert.match(node.consoleUrl, /^https:/);
  const names = result.checks.map(({ name }) => name);
  for (const group of groupNames(topology))
    for (const part of ['openwire', 'console']) assert.ok(names.includes(`${part} of ${group} refuses plain text`));
});

test('has its keys in files of the brokers’ user alone, and in no argv', async () => {
  const listed = await system.sh(topology, 'mqhost1', 'stat -c "%a %u %n" /usr/local/mqcluster/mq1/conf/*.p12');
  assert.deepEqual(
    listed
      .trim()
      .split('\n')
      .map((line) => line.replace(/\/.*\//, '')),
    ['600 7616 keystore.p12', '600 7616 truststore.p12'],
  );
  const password = await system.sh(
    topology,
    'mqhost1',
    'sed -n "s/^tls.password=//p" /usr/local/mqcluster/mq1/conf/credentials.properties',
  );
  const found = await system.sh(topology, 'mqhost1', `cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\n'`);
  assert.ok(password.trim().length > 20 && !found.includes(password.trim()));
  assert.equal(await system.sh(topology, 'mqhost2', 'ls /var/lib/everbroker | grep -c secrets.json || true'), '0\n');
});

test('fails over on either side, and is proven again', async () => {
  for (const group of groupNames(topology)) await killMaster(system, topology, group);
  assert.deepEqual(await faultsOf(system, topology), []);
});

test('is left alone by a second deployment', async () => {
  const text = await clusterText(system, topology);
  assert.equal((await deploy(topology)).outcome, 'unchanged');
  assert.equal(await clusterText(system, topology), text);
});

test('is told by the verifier when a broker takes plain text again', async () => {
  const victim = new Victim(system, topology, 'brokerB');
  await victim.edit('activemq.xml', 's#ssl://0.0.0.0#tcp://0.0.0.0#');
  await victim.restart();
  const faults = failedChecks((await verify(topology)).checks).map(({ name, fault }) => `${name} | ${fault ?? ''}`);
  assert.ok(faults.includes('openwire of brokerB refuses plain text | PlainTextAccepted'), faults.join('\n'));
  assert.equal((await deploy(topology)).outcome, 'deployed');
});

test('is warned of a certificate that ends soon, and gets a new one with a rolling restart', async () => {
  const soon = withTls({ days: 365, renewDays: 366 });
  const faults = failedChecks((await verify(soon)).checks).map(({ fault }) => fault);
  assert.equal(faults.filter((fault) => fault === 'CertificateExpiring').length, 4);
  const longer = withTls({ days: 700, renewDays: 366 });
  const result = await deploy(longer);
  assert.equal(result.outcome, 'deployed');
  assert.deepEqual(failedChecks(result.checks), []);
  assert.deepEqual(failedChecks((await verify(longer)).checks), []);
});

test('keeps keys and passwords out of the histories, and on the worker’s machine only what clients need', async () => {
  const password = await system.sh(
    topology,
    'mqhost1',
    'sed -n "s/^tls.password=//p" /usr/local/mqcluster/mq1/conf/credentials.properties',
  );
  const histories = [...(await allHistories(system.client)).values()].join('\n');
  assert.ok(histories.includes('configureNode'));
  assert.deepEqual(leaksIn(histories, { password: password.trim(), key: 'PRIVATE KEY-----' }), []);
  const copies = join(system.home, 'credentials', topology.name);
  assert.match(await readFile(`${copies}.ca.pem`, 'utf8'), /^-----BEGIN CERTIFICATE-----/);
  assert.doesNotMatch(await readFile(`${copies}.json`, 'utf8'), /PRIVATE KEY/);
});

test('is destroyed with nothing left behind', async () => {
  const { name } = topology;
  const operation = await system.everbroker.destroy({ cluster: name, deleteData: true, confirm: name });
  assert.deepEqual((await operation.result()).kept, []);
  assert.deepEqual(await system.engine.listContainers(name), []);
  assert.deepEqual(await system.engine.listVolumes(name), []);
});
