import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tlsCheckNames, tlsChecks, tlsTasks } from '../../../core/health/encryption.js';
import type { TaskReport, TlsReport } from '../../../core/probe-report.js';
import { DAY_MS } from '../../../core/tls.js';
import { aParsedTopology } from '../../support/topologies.js';

const plain = aParsedTopology({ groups: 1, nodesPerGroup: 1 });
const topology = { ...plain, security: { ...plain.security, tls: true as const } };
const NOW = Date.parse('2030-01-01T00:00:00Z');

const well = (name: string, change: Partial<TlsReport> = {}): TlsReport => ({
  task: 'tls',
  name,
  outcome: 'complete',
  errors: [],
  plain: '',
  strangers: '',
  untrusted: '',
  open: 1,
  protocol: 'TLSv1.3',
  notAfter: NOW + 100 * DAY_MS,
  now: NOW,
  ...change,
});
const [OPENWIRE = '', CONSOLE = ''] = tlsTasks(topology, 1000).map(({ name }) => name);
const faults = (reports: TaskReport[]): string[] =>
  tlsChecks(topology, reports).flatMap(({ ok, fault }) => (ok ? [] : [fault ?? '']));

test('a cluster in plain text is asked nothing about encryption', () => {
  assert.deepEqual([tlsTasks(plain, 1000), tlsCheckNames(plain), tlsChecks(plain, [])], [[], [], []]);
});

test('openwire and console are each looked at for plain text, trust and date', () => {
  assert.equal(tlsCheckNames(topology).length, 6);
  assert.deepEqual(faults([well(OPENWIRE), well(CONSOLE)]), []);
});

const TABLE: [string, Partial<TlsReport>, string][] = [
  ['a listener that takes plain text', { plain: '10.0.0.1:61616' }, 'PlainTextAccepted'],
  ['a certificate of another authority', { untrusted: '10.0.0.1:61616' }, 'CertificateUntrusted'],
  ['a certificate that any client trusts', { strangers: '10.0.0.1:61616' }, 'CertificateUntrusted'],
  ['a certificate that ends soon', { notAfter: NOW + 29 * DAY_MS }, 'CertificateExpiring'],
  ['a certificate that has ended', { notAfter: NOW - DAY_MS }, 'CertificateExpired'],
];
for (const [what, change, fault] of TABLE) {
  test(`${what} is told by ${fault}`, () => {
    assert.deepEqual(faults([well(OPENWIRE, change), well(CONSOLE)]), [fault]);
  });
}

test('where nobody listens, or nobody looked, nothing is proven', () => {
  assert.deepEqual(
    faults([well(OPENWIRE, { outcome: 'unreachable', open: 0 }), well(CONSOLE)]),
    Array(3).fill('NoMaster'),
  );
  assert.deepEqual(faults([well(CONSOLE)]), Array(3).fill('ProbeFailed'));
});
