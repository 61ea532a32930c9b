/** Wires the activities to the real world: engines, hosts, cache, topologies, secrets, as the worker's settings allow. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { z } from 'zod';
import type { Deps } from '../activities/deps.js';
import { agentText } from '../artefacts/agent-text.js';
import { assetPath } from '../artefacts/assets.js';
import { openArtefactCache } from '../artefacts/cache.js';
import { containerName } from '../core/naming.js';
import { hostOf } from '../core/topology/topology.js';
import { dockerClient } from '../hosts/docker-client.js';
import { openDockerEngine, type DockerEngine } from '../hosts/docker-engine.js';
import { openDockerHost } from '../hosts/docker-host.js';
import { openSshHost } from '../hosts/ssh-host.js';
import { BASE_IMAGE, ensureBaseImage, hasBaseImage } from '../images/base-image.js';
import { cacheSecrets, forgetSecrets } from './credentials-cache.js';
import { FAULT_IMAGE, faultImage } from '../images/fault-image.js';
import type { WorkerSettings } from './options.js';
import { forgetPins, openPins } from './pins.js';
import { permit, permitEngine, permitImage, permitSsh } from './permit.js';
import { resolveLogin, resolveSecret } from './secret-references.js';
import { openRecords } from './records.js';
import { sshRoute } from './ssh-route.js';

export async function createDeps(
  settings: WorkerSettings,
  temporal: Client,
  log: (line: string) => void,
): Promise<Deps> {
  const { allowed, state } = settings;
  const ownEngine = openDockerEngine().address;
  const engines = new Map<string, DockerEngine>();
  const engine = (address?: string): DockerEngine => {
    permitEngine(allowed, ownEngine, address);
    const key = address ?? '';
    const open = engines.get(key) ?? openDockerEngine(address);
    engines.set(key, open);
    return open;
  };
  const secrets = { directory: state.secrets, env: process.env };
  const topologies = [settings.topologiesDir, assetPath('topologies')].filter((directory) => directory !== null);
  const scenarios = [settings.scenariosDir, assetPath('scenarios')].filter((directory) => directory !== null);
  return {
    temporal,
    hostKeys: new Map(),
    consoleLogins: new Map(),
    engine,
    openHost: async (topology, host) => {
      const spec = hostOf(topology, host);
      if (spec.kind === 'ssh') {
        permitSsh(settings, spec);
        return openSshHost({ name: host, ...(await sshRoute(spec, { ssh: settings.ssh, secrets })) });
      }
      return openDockerHost({ engine: engine(spec.engine), container: containerName(topology, host), name: host });
    },
    cache: openArtefactCache({ directory: state.cache, log, allowedUrls: allowed.urls ?? undefined }),
    agent: agentText(),
    machine: await readFile(assetPath('machine.sh'), 'utf8'),
    probe: await readFile(assetPath('probe.jar')),
    ensureImage: async (on, image, signal) => {
      // Everbroker's own: no input names it.
      if (image === FAULT_IMAGE) return faultImage.ensure({ engine: dockerClient(on.address), log, signal });
      permitImage(allowed, image);
      return ensureImage(on, { image, signal, log });
    },
    readTopology: (name) => readNamed(topologies, name),
    knownTopologies: () => namesIn(topologies),
    readScenario: (name) => readNamed(scenarios, name),
    knownScenarios: () => namesIn(scenarios),
    version: await ownVersion(),
    permit: (topology) => permit(settings, ownEngine, topology),
    resolvePem: (reference) => resolveLogin(secrets, reference, 'key'),
    resolveSecret: (reference) => resolveSecret(secrets, reference),
    cacheSecrets: (topology, secrets) => cacheSecrets(state, topology, secrets),
    forgetSecrets: async (cluster) => {
      await Promise.all([forgetSecrets(state, cluster), forgetPins(state, cluster)]);
    },
    pins: openPins(state),
    records: openRecords(state),
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
const PLAIN_NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;

async function readNamed(directories: readonly string[], name: string): Promise<string | null> {
  if (!PLAIN_NAME.test(name)) return null;
  for (const directory of directories) {
    const text = await readFile(join(directory, `${name}.yaml`), 'utf8').catch(() => null);
    if (text !== null) return text;
  }
  return null;
}

async function namesIn(directories: readonly string[]): Promise<string[]> {
  const files = await Promise.all(directories.map((directory) => readdir(directory).catch(() => [])));
  const yaml = files.flat().filter((file) => file.endsWith('.yaml'));
  return [...new Set(yaml.map((file) => file.slice(0, -'.yaml'.length)))].sort();
}

const ownVersion = async (): Promise<string> =>
  z.object({ version: z.string() }).parse(JSON.parse(await readFile(assetPath('package.json'), 'utf8'))).version;
