/** Finds the manifest of a cluster on an engine, also when its containers are gone: it lies in the state volumes. */
import { MANIFEST_FILE, STATE_DIR } from '../core/layout.js';
import { LABEL_ROLE } from '../core/naming.js';
import type { DockerEngine } from '../hosts/docker-engine.js';

/** Text of the manifest, or null when the engine has no state volume of the cluster. */
export async function readManifest(engine: DockerEngine, cluster: string): Promise<string | null> {
  const states = (await engine.listVolumes(cluster)).filter((volume) => volume.labels[LABEL_ROLE] === 'state');
  for (const { name } of states) {
    const found = await engine.readVolumeFile({ volume: name, mount: STATE_DIR, path: MANIFEST_FILE });
    if (found !== null) return found.toString('utf8');
  }
  return null;
}
