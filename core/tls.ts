/** Encryption as the topology wants it: on or off, what certificates must say, and when one is due to be replaced. Pure. */
import type { HostSpec, Topology } from './topology/schema.js';

export interface TlsSpec {
  days: number;
  renewDays: number;
  given?: { ca: string; hosts: Record<string, { certificate: string; key: string }> } | undefined;
}

/** Short enough for every client's rules on how long a certificate may live. */
const DAYS = 365;
const RENEW_DAYS = 30;

/** Null when clients, bridges and the console talk in plain text. */
export function tlsOf(topology: Topology): TlsSpec | null {
  const { tls } = topology.security;
  if (tls === undefined || tls === false) return null;
  return tls === true
    ? { days: DAYS, renewDays: RENEW_DAYS }
    : { days: tls.days, renewDays: tls.renewDays, given: tls.given };
}

/** `ssl` or `tcp`: how openwire URLs begin. */
export const openwireScheme = (topology: Topology): 'ssl' | 'tcp' => (tlsOf(topology) === null ? 'tcp' : 'ssl');

/**
 * By what a host is called when somebody connects to it: its address (the other brokers), where its ports are published
 * (clients) and loopback (Everbroker). One certificate a host: its nodes share its address and their user.
 */
export function subjectNames(spec: HostSpec): string[] {
  const published =
    spec.kind === 'docker' && spec.publish !== false && spec.publish !== '0.0.0.0' ? [spec.publish] : [];
  return [...new Set([spec.address, ...published, '127.0.0.1', 'localhost'])];
}

/** What is compared of a certificate; read by somebody who can. */
export interface CertificateFacts {
  names: string[];
  notAfter: number;
}

/** Whether a generated certificate must be made anew: it lacks a name, or ends soon. */
export const isDue = (
  { names, notAfter }: CertificateFacts,
  { wanted, renewDays, now }: { wanted: readonly string[]; renewDays: number; now: number },
): boolean => notAfter - now < renewDays * DAY_MS || wanted.some((name) => !names.includes(name));

export const DAY_MS = 86_400_000;
