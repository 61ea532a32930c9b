/** The copies of clusters' credentials that `everbroker credentials` prints; the master copies are on the hosts. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { ClusterSecrets } from '../core/secrets.js';
import { credentialsCopy, type StateLayout } from '../core/state-layout.js';
import type { Topology } from '../core/topology/topology.js';

/** Written only when something differs: every look at a cluster comes by here. */
export async function cacheSecrets(state: StateLayout, topology: Topology, secrets: ClusterSecrets): Promise<void> {
  const path = credentialsCopy(state, topology.name);
  const text = `${JSON.stringify({ ...secrets, openwireLogin: topology.security.openwireLogin })}\n`;
  if ((await readFile(path, 'utf8').catch(() => null)) === text) return;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, text, { mode: 0o600 });
  await rename(temporary, path);
}

export const forgetSecrets = (state: StateLayout, cluster: string): Promise<void> =>
  rm(credentialsCopy(state, cluster), { force: true });
