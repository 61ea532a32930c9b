import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { before, describe, test } from 'node:test';
import forge from 'node-forge';
import { belongTogether, issue, makeAuthority, readCertificate } from '../../certificates/authority.js';
import { keyStore, trustStore } from '../../certificates/key-stores.js';
import { forHost, isTlsDue, wantedTls } from '../../activities/certificates.js';
import type { Deps } from '../../activities/deps.js';
import type { KeyAndCertificate, TlsSecrets } from '../../core/secrets.js';
import { DAY_MS, subjectNames } from '../../core/tls.js';
import { hostOf, type Topology } from '../../core/topology/topology.js';
import { SECRETS } from '../core/activemq/golden.js';
import { aParsedTopology } from '../support/topologies.js';

const NOW = Date.parse('2030-01-01T00:00:00Z');
let ca: KeyAndCertificate;
let own: KeyAndCertificate;
before(async () => {
  ca = await makeAuthority('test', NOW);
  own = await issue(ca, { name: 'test h1', names: ['10.0.0.1', 'localhost'], days: 90, now: NOW });
});

describe('a certificate', () => {
  test('is for the names that it was asked for, for as long, by the authority', () => {
    assert.deepEqual(readCertificate(own.certificate), {
      names: ['10.0.0.1', 'localhost'],
      notAfter: NOW + 90 * DAY_MS,
    });
    const read = new X509Certificate(own.certificate);
    assert.ok(read.verify(new X509Certificate(ca.certificate).publicKey) && !read.ca);
    assert.ok(new X509Certificate(ca.certificate).ca);
  });

  test('belongs to its own key and authority, and to no other', async () => {
    const other = await makeAuthority('test', NOW);
    assert.ok(belongTogether(own, ca.certificate));
    assert.ok(!belongTogether(own, other.certificate));
    assert.ok(!belongTogether({ ...own, key: other.key }, ca.certificate));
  });
});

test('a key store opens with its password only, and a trust store bears the mark that a JVM asks for', () => {
  const opened = (bytes: Buffer, password: string) =>
    forge.pkcs12.pkcs12FromAsn1(forge.asn1.fromDer(bytes.toString('binary')), password);
  const store = keyStore(own, ca.certificate, 'a-password');
  const keys = opened(store, 'a-password').getBags({ bagType: forge.pki.oids.pkcs8ShroudedKeyBag! });
  assert.equal(Object.values(keys).flat().length, 1);
  assert.throws(() => opened(store, 'another'));
  const trusted = trustStore(ca.certificate, 'a-password');
  assert.equal(opened(trusted, 'a-password').safeContents[0]?.safeBags.length, 1);
  assert.throws(() => opened(trusted, 'another'));
  const mark = forge.asn1.oidToDer('2.16.840.1.113894.746875.1.1').getBytes();
  assert.ok(trusted.toString('binary').includes(mark));
});

describe('the certificates of a cluster', () => {
  const deps = {} as Deps;
  const encrypted = (change: Partial<{ days: number; renewDays: number }> = {}): Topology => {
    const topology = aParsedTopology({ groups: 2, hosts: 2 });
    return { ...topology, security: { ...topology.security, tls: { days: 365, renewDays: 30, ...change } } };
  };
  let made: TlsSecrets;
  before(async () => {
    const wanted = await wantedTls(deps, encrypted(), undefined);
    assert.ok(wanted !== undefined);
    made = wanted;
  });

  test('are one a host, for every name that it is reached by', () => {
    assert.deepEqual(Object.keys(made.hosts), ['h1', 'h2']);
    const { names } = readCertificate(made.hosts['h2']?.certificate ?? '');
    assert.deepEqual(names, subjectNames(hostOf(encrypted(), 'h2')));
    assert.deepEqual(names, ['172.29.0.12', '127.0.0.1', 'localhost']);
  });

  test('stay as they are while they are good', async () => {
    assert.equal(isTlsDue(encrypted(), made, Date.now()), false);
    assert.deepEqual(await wantedTls(deps, encrypted(), made), made);
  });

  test('are made anew, by the same authority, when they end soon or a host has another address', async () => {
    assert.equal(isTlsDue(encrypted({ renewDays: 366 }), made, Date.now()), true);
    const moved = encrypted();
    moved.hosts['h1'] = { ...hostOf(moved, 'h1'), address: '172.29.0.99' };
    assert.equal(isTlsDue(moved, made, Date.now()), true);
    const renewed = await wantedTls(deps, moved, made);
    assert.deepEqual(renewed?.ca, made.ca);
    assert.notDeepEqual(renewed?.hosts['h1'], made.hosts['h1']);
    assert.deepEqual(renewed?.hosts['h2'], made.hosts['h2']);
  });

  test('are kept, unused, when the topology gives encryption up', async () => {
    const plain = aParsedTopology({ groups: 2, hosts: 2 });
    assert.equal(isTlsDue(plain, made, Date.now()), false);
    assert.equal(await wantedTls(deps, plain, made), made);
  });

  test('reach a host with its own key only, and the authority’s never', () => {
    const text = JSON.stringify(forHost({ ...SECRETS, tls: made }, 'h1'));
    const has = (key: string | null | undefined): boolean => text.includes(JSON.stringify(key).slice(1, -1));
    assert.deepEqual([has(made.hosts['h1']?.key), has(made.hosts['h2']?.key), has(made.ca.key)], [true, false, false]);
  });

  test('that are given are refused when they are not of their authority, or not for the host', async () => {
    const topology = encrypted();
    const h1 = await issue(ca, { name: 'h1', names: subjectNames(hostOf(topology, 'h1')), days: 90, now: NOW });
    const files: Record<string, string> = {
      'file:ca': ca.certificate,
      'file:h1': h1.certificate,
      'file:h1.key': h1.key,
    };
    const given = {
      ca: 'file:ca',
      hosts: Object.fromEntries(['h1', 'h2'].map((host) => [host, { certificate: 'file:h1', key: 'file:h1.key' }])),
    };
    const wanted = { ...topology, security: { ...topology.security, tls: { days: 365, renewDays: 30, given } } };
    const resolving = { resolvePem: (reference: string) => Promise.resolve(files[reference] ?? '') } as Deps;
    await assert.rejects(wantedTls(resolving, wanted, undefined), /is not for 172\.29\.0\.12/);
    const alone = { ...wanted, hosts: { h1: hostOf(topology, 'h1') } };
    assert.equal((await wantedTls(resolving, alone, undefined))?.ca.key, null);
    files['file:ca'] = (await makeAuthority('other', NOW)).certificate;
    await assert.rejects(wantedTls(resolving, alone, undefined), /is not signed by the given authority/);
    files['file:h1'] = 'no certificate';
    await assert.rejects(wantedTls(resolving, alone, undefined), /is not PEM/);
  });
});
