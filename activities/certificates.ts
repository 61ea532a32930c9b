/** The certificates of a cluster: generated once and again before they end, or given by reference. Part of its secrets. */
import { belongTogether, issue, makeAuthority, readCertificate } from '../certificates/authority.js';
import { keyStore, trustStore } from '../certificates/key-stores.js';
import { EverbrokerError } from '../core/failure.js';
import { KEY_STORE, TRUST_STORE, caFile, nodeConf, tlsHashFile } from '../core/layout.js';
import type { ClusterSecrets, KeyAndCertificate, TlsSecrets } from '../core/secrets.js';
import { isDue, subjectNames, tlsOf } from '../core/tls.js';
import { hostNames, hostOf, type Node, type Topology } from '../core/topology/topology.js';
import type { HostFile } from '../hosts/transfer.js';
import type { Deps } from './deps.js';
import { newPassword } from './password.js';
import { hashBytes } from './probe-files.js';

/** Whether a deployment would make or replace a generated certificate. */
export function isTlsDue(topology: Topology, found: TlsSecrets | undefined, now: number): boolean {
  const spec = tlsOf(topology);
  if (spec === null || spec.given !== undefined) return false;
  if (found === undefined || found.ca.key === null) return true;
  return hostNames(topology).some((host) => {
    const own = found.hosts[host];
    if (own === undefined) return true;
    const wanted = subjectNames(hostOf(topology, host));
    return isDue(readCertificate(own.certificate), { wanted, renewDays: spec.renewDays, now });
  });
}

/** What is good stays as it is, so that nodes are restarted only for a certificate that changes. */
export async function wantedTls(
  deps: Deps,
  topology: Topology,
  found: TlsSecrets | undefined,
): Promise<TlsSecrets | undefined> {
  const spec = tlsOf(topology);
  if (spec === null) return found;
  const password = found?.password ?? newPassword();
  if (spec.given !== undefined) return { password, ...(await givenTls(deps, topology)) };
  const now = Date.now();
  const { certificate, key = null } = found?.ca ?? {};
  const known = certificate === undefined || key === null ? null : { certificate, key };
  const ca = known ?? (await makeAuthority(topology.name, now));
  const hosts = await Promise.all(
    hostNames(topology).map(async (host): Promise<[string, KeyAndCertificate]> => {
      const own = known === null ? undefined : found?.hosts[host];
      const names = subjectNames(hostOf(topology, host));
      const { renewDays, days } = spec;
      const isGood = own !== undefined && !isDue(readCertificate(own.certificate), { wanted: names, renewDays, now });
      return [host, isGood ? own : await issue(ca, { name: `${topology.name} ${host}`, names, days, now })];
    }),
  );
  return { password, ca, hosts: Object.fromEntries(hosts) };
}

/** @throws EverbrokerError InputRefused when a file cannot be had, or key, certificate and authority do not belong together. */
export async function insistOnGiven(deps: Deps, topology: Topology): Promise<void> {
  if (tlsOf(topology)?.given !== undefined) await givenTls(deps, topology);
}

async function givenTls(deps: Deps, topology: Topology): Promise<Omit<TlsSecrets, 'password'>> {
  const given = tlsOf(topology)?.given;
  if (given === undefined) throw new Error('no certificates are given');
  const ca = await deps.resolvePem(given.ca);
  const hosts = await Promise.all(
    hostNames(topology).map(async (host): Promise<[string, KeyAndCertificate]> => {
      const reference = given.hosts[host];
      if (reference === undefined) throw refused(`security.tls.given.hosts.${host}`, 'is missing');
      const certificate = await deps.resolvePem(reference.certificate);
      const key = await deps.resolvePem(reference.key);
      insistOnPair(reference.certificate, { certificate, key }, { ca, names: subjectNames(hostOf(topology, host)) });
      return [host, { certificate, key }];
    }),
  );
  return { ca: { certificate: ca, key: null }, hosts: Object.fromEntries(hosts) };
}

function insistOnPair(
  reference: string,
  own: KeyAndCertificate,
  { ca, names }: { ca: string; names: readonly string[] },
): void {
  let missing: string[];
  let fits: boolean;
  try {
    fits = belongTogether(own, ca);
    const found = readCertificate(own.certificate).names;
    missing = names.filter((name) => !found.includes(name));
  } catch {
    // the library's own message may quote the file
    throw refused(reference, 'the certificate, its key or the authority is not PEM with an RSA key');
  }
  if (!fits) throw refused(reference, 'is not signed by the given authority, or the key is another one’s');
  if (missing.length > 0) throw refused(reference, `is not for ${missing.join(', ')} (subject alternative names)`);
}

const refused = (reference: string, why: string): EverbrokerError =>
  new EverbrokerError('InputRefused', `${reference}: ${why}`, { reference });

/** What a host needs of the secrets: its own key, and no authority's. */
export const forHost = (secrets: ClusterSecrets, host: string): ClusterSecrets => {
  if (secrets.tls === undefined) return secrets;
  const { password, ca, hosts } = secrets.tls;
  const own = hosts[host];
  return {
    ...secrets,
    tls: { password, ca: { certificate: ca.certificate, key: null }, hosts: own === undefined ? {} : { [host]: own } },
  };
};

/** The files of a node where TLS is on, with their hashes beside its launch file. */
export function tlsFiles(topology: Topology, node: Node, secrets: ClusterSecrets): HostFile[] {
  if (tlsOf(topology) === null) return [];
  const own = secrets.tls?.hosts[node.host];
  if (secrets.tls === undefined || own === undefined)
    throw new EverbrokerError('CommandFailed', `there is no certificate for ${node.host}; deploy the cluster again`);
  const { password, ca } = secrets.tls;
  const owner = { uid: topology.runAs.uid, gid: topology.runAs.uid };
  const conf = nodeConf(topology, node.name);
  const files = [
    { path: `${conf}/${KEY_STORE}`, content: keyStore(own, ca.certificate, password), mode: 0o600, ...owner },
    { path: `${conf}/${TRUST_STORE}`, content: trustStore(ca.certificate, password), mode: 0o600, ...owner },
    { path: caFile(topology, node.name), content: ca.certificate, mode: 0o644 },
  ];
  const hashes = files.map(({ path, content }) => `${hashBytes(content)}  ${path}\n`).join('');
  return [...files, { path: tlsHashFile(node.name), content: hashes, mode: 0o600 }];
}
