/** Encryption on the oldest version, with certificates of an authority that is not Everbroker's. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect, type PeerCertificate } from 'node:tls';
import { issue, makeAuthority } from '../../certificates/authority.js';
import type { KeyAndCertificate } from '../../core/secrets.js';
import { subjectNames } from '../../core/tls.js';
import { TESTED_VERSIONS } from '../../core/topology/rules/versions.js';
import { hostNames, hostOf, nodeNamed, type Topology } from '../../core/topology/topology.js';
import { System, failedChecks } from '../support/system.js';

let system: System;
let authority: KeyAndCertificate;
before(async () => {
  system = await System.start();
  authority = await makeAuthority('another', Date.now());
});
after(() => system.stop());

const deploy = async (topology: Topology) => (await system.everbroker.deploy({ topology: { ...topology } })).result();

/** Below the worker's secrets directory, as somebody puts them there whose authority they are of. */
async function give(topology: Topology): Promise<void> {
  const directory = join(system.home, 'secrets', topology.name);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(join(directory, 'ca.pem'), authority.certificate);
  for (const host of hostNames(topology)) {
    const names = subjectNames(hostOf(topology, host));
    const own = await issue(authority, { name: host, names, days: 90, now: Date.now() });
    await writeFile(join(directory, `${host}.pem`), own.certificate);
    await writeFile(join(directory, `${host}.key`), own.key, { mode: 0o600 });
  }
}

function withGiven(topology: Topology): Topology {
  const file = (name: string) => `file:${topology.name}/${name}`;
  const hosts = Object.fromEntries(
    hostNames(topology).map((host) => [host, { certificate: file(`${host}.pem`), key: file(`${host}.key`) }]),
  );
  const tls = { days: 365, renewDays: 30, given: { ca: file('ca.pem'), hosts } };
  return { ...topology, security: { ...topology.security, tls } };
}

/** What a client sees that trusts the given authority and nobody else. @throws Error when it does not trust */
const shownAt = (port: number): Promise<PeerCertificate> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca: authority.certificate, timeout: 10_000 }, () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('timeout', () => socket.destroy(new Error(`nothing is shown at ${port}`)));
  });

const [version = ''] = TESTED_VERSIONS;

describe('the oldest version, with certificates that are given', () => {
  let topology: Topology;

  test('is deployed and proven over them, and refuses plain text', async () => {
    topology = withGiven(await system.topology({ groups: 2, nodesPerGroup: 1 }, { activemq: { version } }));
    await give(topology);
    const result = await deploy(topology);
    assert.equal(result.outcome, 'deployed');
    assert.deepEqual(failedChecks(result.checks), []);
    const names = result.checks.map(({ name }) => name);
    assert.equal(names.filter((name) => /^bridge .*→/.test(name)).length, 2);
    assert.equal(names.filter((name) => name.endsWith('refuses plain text')).length, 4);
    assert.equal((await deploy(topology)).outcome, 'unchanged');
  });

  test('shows them to clients and on the console', async () => {
    const { openwire, console: web, host } = nodeNamed(topology, 'mq1');
    for (const port of [openwire, web]) assert.equal((await shownAt(port)).subject.CN, host);
  });

  test('takes new ones with the next deployment', async () => {
    const { openwire } = nodeNamed(topology, 'mq1');
    const before = (await shownAt(openwire)).serialNumber;
    await give(topology);
    const result = await deploy(topology);
    assert.equal(result.outcome, 'deployed');
    assert.deepEqual(failedChecks(result.checks), []);
    assert.notEqual((await shownAt(openwire)).serialNumber, before);
  });

  test('is destroyed', async () => {
    const { name } = topology;
    await (await system.everbroker.destroy({ topology: { ...topology }, deleteData: true, confirm: name })).result();
    assert.deepEqual(await system.engine.listVolumes(name), []);
  });
});
