/** Finds the manifest of a cluster on an engine, also when its containers are gone: it lies in the state volumes. */
import { MANIFEST_FILE, STATE_DIR } from '../core/layout.js';
import { LABEL_ROLE } from '../core/naming.js';
import { readVolumeFile } from '../hosts/docker-volume-file.js';
import type { Deps } from './deps.js';

/** Text of the manifest, or null when the worker's engine has no state volume of the cluster. */
export async function readManifest(deps: Deps, cluster: string, signal: AbortSignal): Promise<string | null> {
  const engine = deps.engine();
  const states = (await engine.listVolumes(cluster)).filter((volume) => volume.labels[LABEL_ROLE] === 'state');
  if (states.length === 0) return null;
  const image = await deps.ensureImage(engine, undefined, signal);
  for (const { name } of states) {
    const found = await readVolumeFile(engine.address, { volume: name, mount: STATE_DIR, path: MANIFEST_FILE, image });
    if (found !== null) return found;
  }
  return null;
}
