import { createHash } from 'node:crypto';
import { PROBE_DIR } from '../core/layout.js';
import type { HostFile } from '../hosts/transfer.js';

export const PROBE_JAR = `${PROBE_DIR}/everbroker-probe.jar`;

export const hashBytes = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

/** The probe as it lies on a host, with its hash beside it, so that a look can tell its version without reading it. */
export const probeFiles = (jar: Buffer): HostFile[] => [
  { path: PROBE_JAR, content: jar, mode: 0o644 },
  { path: `${PROBE_DIR}/hash`, content: `${hashBytes(jar)}\n`, mode: 0o644 },
];
