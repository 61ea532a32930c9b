import { createHash } from 'node:crypto';
import { EverbrokerError } from '../core/failure.js';
import { JAVA_LINK, PROBE_DIR, activemqHome, caFile, credentialsFile } from '../core/layout.js';
import { tlsOf } from '../core/tls.js';
import { nodesOnHost, type Topology } from '../core/topology/topology.js';
import type { HostFile } from '../hosts/transfer.js';
import type { ProbeSetup } from '../probes/jms-probe.js';

export const PROBE_JAR = `${PROBE_DIR}/everbroker-probe.jar`;

export const hashBytes = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

/** The probe as it lies on a host, with its hash beside it, so that a look can tell its version without reading it. */
export const probeFiles = (jar: Buffer): HostFile[] => [
  { path: PROBE_JAR, content: jar, mode: 0o644 },
  { path: `${PROBE_DIR}/hash`, content: `${hashBytes(jar)}\n`, mode: 0o644 },
];

/** What a probe that sends or looks for messages needs on a host; the password stays there. @throws EverbrokerError VerificationFailed */
export function probeSetup(
  topology: Topology,
  host: string,
): ProbeSetup & { login: { file: string }; ca: string | null } {
  const node = nodesOnHost(topology, host)[0];
  if (node === undefined)
    throw new EverbrokerError('VerificationFailed', `host ${host} has no node whose jars the probe could use`);
  return {
    javaHome: JAVA_LINK,
    activemqHome: activemqHome(topology),
    jar: PROBE_JAR,
    login: { file: credentialsFile(topology, node.name) },
    ca: tlsOf(topology) === null ? null : caFile(topology, node.name),
  };
}
