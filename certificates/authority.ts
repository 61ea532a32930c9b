/**
 * Makes a cluster's own certificate authority and the certificates of its hosts. node-forge: it writes X.509 and PKCS12
 * alike, has no dependencies and no native part, and is what most of npm uses for this. Keys come from node:crypto.
 */
import { X509Certificate, generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import forge from 'node-forge';
import { DAY_MS, type CertificateFacts } from '../core/tls.js';
import type { KeyAndCertificate } from '../core/secrets.js';

/** Ten years: clients keep it, so it must outlive many certificates of hosts. */
const AUTHORITY_DAYS = 3650;
/** Clocks of hosts differ a little; a certificate that begins now would not be good yet on some. */
const BEFORE_MS = 3_600_000;

export const makeAuthority = (cluster: string, now: number): Promise<KeyAndCertificate> =>
  make({ name: `Everbroker ${cluster} CA`, days: AUTHORITY_DAYS, now, names: [], issuer: null });

/** @param names Addresses and host names that it is for. */
export const issue = (
  issuer: KeyAndCertificate,
  request: { name: string; names: readonly string[]; days: number; now: number },
): Promise<KeyAndCertificate> => make({ ...request, issuer });

interface Making {
  name: string;
  names: readonly string[];
  days: number;
  now: number;
  /** Null: signs itself and others. */
  issuer: KeyAndCertificate | null;
}

async function make({ name, names, days, now, issuer }: Making): Promise<KeyAndCertificate> {
  const pair = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(pair.publicKey);
  // a leading zero keeps the number positive
  certificate.serialNumber = `00${randomBytes(16).toString('hex')}`;
  certificate.validity.notBefore = new Date(now - BEFORE_MS);
  certificate.validity.notAfter = new Date(now + days * DAY_MS);
  certificate.setSubject([{ name: 'commonName', value: name.slice(0, 64) }]);
  const signer = issuer === null ? null : forge.pki.certificateFromPem(issuer.certificate);
  certificate.setIssuer(signer === null ? certificate.subject.attributes : signer.subject.attributes);
  certificate.setExtensions(signer === null ? AUTHORITY : hostExtensions(names));
  certificate.sign(forge.pki.privateKeyFromPem(issuer?.key ?? pair.privateKey), forge.md.sha256.create());
  return { certificate: forge.pki.certificateToPem(certificate).replaceAll('\r', ''), key: pair.privateKey };
}

const AUTHORITY = [
  { name: 'basicConstraints', cA: true, critical: true },
  { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
  { name: 'subjectKeyIdentifier' },
];

const hostExtensions = (names: readonly string[]): object[] => [
  { name: 'basicConstraints', cA: false, critical: true },
  { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
  // a broker is the client of the brokers that it bridges to
  { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
  {
    name: 'subjectAltName',
    altNames: names.map((name) => (/^[\d.]+$/.test(name) ? { type: 7, ip: name } : { type: 2, value: name })),
  },
];

/** @throws Error when the text is no certificate. */
export function readCertificate(pem: string): CertificateFacts {
  const read = new X509Certificate(pem);
  const names = (read.subjectAltName ?? '').split(', ').map((entry) => entry.replace(/^(DNS|IP Address):/, ''));
  return { names, notAfter: Date.parse(read.validTo) };
}

/** Whether a key is a certificate's own, and the certificate the authority's. @throws Error when one cannot be read. */
export function belongTogether(own: KeyAndCertificate, authority: string): boolean {
  const [certificate, ca] = [new X509Certificate(own.certificate), new X509Certificate(authority)];
  const modulus = forge.pki.privateKeyFromPem(own.key).n.toString(16);
  const own_ = forge.pki.certificateFromPem(own.certificate).publicKey as forge.pki.rsa.PublicKey;
  return modulus === own_.n.toString(16) && (certificate.checkIssued(ca) ? certificate.verify(ca.publicKey) : false);
}
