/** PKCS12 files as a JVM reads them: a key with its chain, and the authority that is trusted. */
import { randomBytes } from 'node:crypto';
import forge from 'node-forge';
import type { KeyAndCertificate } from '../core/secrets.js';

const { asn1, pki } = forge;

/** The private key (AES-256) and its certificate, under one password for both. */
export function keyStore({ certificate, key }: KeyAndCertificate, ca: string, password: string): Buffer {
  const chain = [pki.certificateFromPem(certificate), pki.certificateFromPem(ca)];
  const store = forge.pkcs12.toPkcs12Asn1(pki.privateKeyFromPem(key), chain, password, {
    algorithm: 'aes256',
    friendlyName: 'broker',
    generateLocalKeyId: true,
  });
  return bytes(store);
}

/** Java's own mark, without which a JVM takes a certificate without a key for none to trust. */
const TRUSTED_KEY_USAGE = '2.16.840.1.113894.746875.1.1';
const ANY_USAGE = '2.5.29.37.0';
const FRIENDLY_NAME = '1.2.840.113549.1.9.20';
const DATA = '1.2.840.113549.1.7.1';
const CERT_BAG = '1.2.840.113549.1.12.10.1.3';
const X509 = '1.2.840.113549.1.9.22.1';
const SHA1 = '1.3.14.3.2.26';
const ROUNDS = 10_000;

type Node = forge.asn1.Asn1;
const U = asn1.Class.UNIVERSAL;
const sequence = (...children: Node[]): Node => asn1.create(U, asn1.Type.SEQUENCE, true, children);
const set = (...children: Node[]): Node => asn1.create(U, asn1.Type.SET, true, children);
const oid = (text: string): Node => asn1.create(U, asn1.Type.OID, false, asn1.oidToDer(text).getBytes());
const octets = (content: string): Node => asn1.create(U, asn1.Type.OCTETSTRING, false, content);
const integer = (value: number): Node => asn1.create(U, asn1.Type.INTEGER, false, asn1.integerToDer(value).getBytes());
const tagged = (child: Node): Node => asn1.create(asn1.Class.CONTEXT_SPECIFIC, 0, true, [child]);
const der = (node: Node): string => asn1.toDer(node).getBytes();
const bytes = (node: Node): Buffer => Buffer.from(der(node), 'binary');
const data = (content: string): Node => sequence(oid(DATA), tagged(octets(content)));

/** Written by hand because forge's writer knows no attribute of Java's. Nothing in it is secret; the MAC tells tampering. */
export function trustStore(ca: string, password: string): Buffer {
  const bag = sequence(
    oid(CERT_BAG),
    tagged(sequence(oid(X509), tagged(octets(der(pki.certificateToAsn1(pki.certificateFromPem(ca))))))),
    set(
      sequence(oid(FRIENDLY_NAME), set(asn1.create(U, asn1.Type.BMPSTRING, false, 'ca'))),
      sequence(oid(TRUSTED_KEY_USAGE), set(oid(ANY_USAGE))),
    ),
  );
  const content = der(sequence(data(der(sequence(bag)))));
  const salt = forge.util.createBuffer(randomBytes(20).toString('binary'));
  const salted = salt.bytes();
  const key = forge.pkcs12.generateKey(password, salt, 3, ROUNDS, 20);
  const mac = forge.hmac.create();
  mac.start('sha1', key);
  mac.update(content);
  const digest = sequence(
    sequence(oid(SHA1), asn1.create(U, asn1.Type.NULL, false, '')),
    octets(mac.getMac().getBytes()),
  );
  return bytes(sequence(integer(3), data(content), sequence(digest, octets(salted), integer(ROUNDS))));
}
