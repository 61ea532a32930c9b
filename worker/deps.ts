/** Wires the activities to the real world: engines, hosts, cache, topologies, secrets, as the worker's settings allow. */
import { mkdir, readFile, readdir, realpath, rename, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Client } from '@temporalio/client';
import type { Deps } from '../activities/deps.js';
import { assetPath } from '../artefacts/assets.js';
import { openArtefactCache } from '../artefacts/cache.js';
import { EverbrokerError } from '../core/failure.js';
import { containerName } from '../core/naming.js';
import { dockerHostOf, hostNames, type Topology } from '../core/topology/topology.js';
import { dockerClient } from '../hosts/docker-client.js';
import { openDockerEngine, type DockerEngine } from '../hosts/docker-engine.js';
import { openDockerHost } from '../hosts/docker-host.js';
import { BASE_IMAGE, ensureBaseImage, hasBaseImage } from '../images/base-image.js';
import { isAllowed, type WorkerSettings } from './options.js';

export async function createDeps(
  settings: WorkerSettings,
  temporal: Client,
  log: (line: string) => void,
): Promise<Deps> {
  const engines = new Map<string, DockerEngine>();
  const engine = (address?: string): DockerEngine => {
    const key = address ?? '';
    const open = engines.get(key) ?? openDockerEngine(address);
    engines.set(key, open);
    return open;
  };
  const topologies = [settings.topologiesDir, assetPath('topologies')].filter((directory) => directory !== null);
  return {
    temporal,
    engine,
    openHost: (topology, host) => {
      const spec = dockerHostOf(topology, host);
      return Promise.resolve(
        openDockerHost({ engine: engine(spec.engine), container: containerName(topology, host), name: host }),
      );
    },
    cache: openArtefactCache({ directory: settings.state.cache, log, allowedUrls: settings.allowed.urls ?? undefined }),
    agent: await readFile(assetPath('agent.sh'), 'utf8'),
    probe: await readFile(assetPath('probe.jar')),
    ensureImage: (on, image, signal) => ensureImage(on, { image, signal, log }),
    readTopology: (name) => readTopology(topologies, name),
    knownTopologies: async () => (await Promise.all(topologies.map(namesIn))).flat().sort(),
    permit: (topology) => permit(settings, topology),
    resolveSecret: (reference) => resolveSecret(settings.state.secrets, reference),
    cacheSecrets: (cluster, secrets) => cacheSecrets(settings.state.home, cluster, JSON.stringify(secrets)),
  };
}

async function ensureImage(
  engine: DockerEngine,
  { image, signal, log }: { image: string | undefined; signal: AbortSignal; log: (line: string) => void },
): Promise<string> {
  if (image === undefined || image === BASE_IMAGE) {
    const client = dockerClient(engine.address);
    return (await hasBaseImage(client)) ? BASE_IMAGE : ensureBaseImage({ engine: client, log, signal });
  }
  if (!(await engine.hasImage(image, { signal }))) await engine.pullImage(image, { signal, onProgress: log });
  return image;
}

/** A plain name, so that no input can read a file elsewhere. */
const TOPOLOGY_NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;

async function readTopology(directories: readonly string[], name: string): Promise<string | null> {
  if (!TOPOLOGY_NAME.test(name)) return null;
  for (const directory of directories) {
    const text = await readFile(join(directory, `${name}.yaml`), 'utf8').catch(() => null);
    if (text !== null) return text;
  }
  return null;
}

async function namesIn(directory: string): Promise<string[]> {
  const files = await readdir(directory).catch(() => []);
  return files.filter((file) => file.endsWith('.yaml')).map((file) => file.slice(0, -'.yaml'.length));
}

/** @throws EverbrokerError InputRefused naming every host and engine that the worker's settings do not allow. */
function permit({ allowed }: WorkerSettings, topology: Topology): void {
  const refused = hostNames(topology).flatMap((host) => {
    const { address, engine } = dockerHostOf(topology, host);
    const problems = [
      !isAllowed(address, allowed.hosts) && `hosts.${host}.address: ${address} is not among EVERBROKER_ALLOWED_HOSTS`,
      engine !== undefined &&
        !isAllowed(engine, allowed.engines) &&
        `hosts.${host}.engine: ${engine} is not among EVERBROKER_ALLOWED_ENGINES`,
    ];
    return problems.filter((problem) => problem !== false);
  });
  if (refused.length > 0)
    throw new EverbrokerError('InputRefused', `this worker refuses the topology:\n  ${refused.join('\n  ')}`, {
      refused,
    });
}

/** The schema allows only `env:EVERBROKER_*` and `file:<relative>`; links out of the secrets directory are refused here. */
async function resolveSecret(directory: string, reference: string): Promise<string> {
  const [scheme, name = ''] = [reference.slice(0, reference.indexOf(':')), reference.slice(reference.indexOf(':') + 1)];
  if (scheme === 'env') {
    const value = name.startsWith('EVERBROKER_') ? process.env[name] : undefined;
    if (value === undefined || value === '')
      throw new EverbrokerError('InputRefused', `${reference}: the worker has no such variable`);
    return acceptable(reference, value);
  }
  const root = await realpath(directory);
  const path = await realpath(join(root, name)).catch(() => null);
  if (path === null)
    throw new EverbrokerError('InputRefused', `${reference}: there is no such file in the worker's secrets directory`);
  if (!path.startsWith(root + sep))
    throw new EverbrokerError('InputRefused', `${reference}: leads out of the worker's secrets directory`);
  return acceptable(reference, (await readFile(path, 'utf8')).replace(/\r?\n$/, ''));
}

/** Passwords that every scanner tries first. */
const KNOWN = new Set(['admin', 'password', 'changeme', 'manager', 'activemq', 'secret', 'system']);
const SHORTEST = 8;

function acceptable(reference: string, value: string): string {
  if (KNOWN.has(value.toLowerCase()))
    throw new EverbrokerError('InputRefused', `${reference}: is a password that everybody knows`);
  if (value.length < SHORTEST)
    throw new EverbrokerError('InputRefused', `${reference}: has fewer than ${SHORTEST} characters`);
   
  if (/[\u0000-\u001f\u007f]/.test(value))
    throw new EverbrokerError('InputRefused', `${reference}: holds a control character`);
  return value;
}

async function cacheSecrets(home: string, cluster: string, text: string): Promise<void> {
  const directory = join(home, 'credentials');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, `${cluster}.json`);
  await writeFile(`${path}.${process.pid}`, text, { mode: 0o600 });
  await rename(`${path}.${process.pid}`, path);
}
