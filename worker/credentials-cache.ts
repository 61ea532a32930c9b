/** The copies of clusters' credentials that `everbroker credentials` prints; the master copies are on the hosts. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { ClusterSecrets } from '../core/secrets.js';
import { authorityCopy, credentialsCopy, type StateLayout } from '../core/state-layout.js';
import { tlsOf } from '../core/tls.js';
import type { Topology } from '../core/topology/topology.js';

/** Written only when something differs: every look at a cluster comes by here. */
export async function cacheSecrets(state: StateLayout, topology: Topology, secrets: ClusterSecrets): Promise<void> {
  const path = credentialsCopy(state, topology.name);
  const { tls, ...logins } = secrets;
  // of the encryption only what clients need: no key leaves the hosts
  const ca = tls !== undefined && tlsOf(topology) !== null ? { ca: tls.ca.certificate } : {};
  const text = `${JSON.stringify({ ...logins, openwireLogin: topology.security.openwireLogin, ...ca })}\n`;
  await replace(path, text);
  if (ca.ca !== undefined) await replace(authorityCopy(state, topology.name), ca.ca);
}

async function replace(path: string, text: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => null)) === text) return;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, text, { mode: 0o600 });
  await rename(temporary, path);
}

export async function forgetSecrets(state: StateLayout, cluster: string): Promise<void> {
  await rm(credentialsCopy(state, cluster), { force: true });
  await rm(authorityCopy(state, cluster), { force: true });
}
