/** Java and ActiveMQ on a host. Unpacking goes to a temporary directory; a marker and a rename make it count. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fetchDistribution } from '../artefacts/distribution.js';
import { fetchDriver } from '../artefacts/drivers.js';
import { fetchJavaArchive } from '../artefacts/java.js';
import { renderHome } from '../core/activemq/render.js';
import { EverbrokerError } from '../core/failure.js';
import { parseJavaFacts } from '../core/health/parse-observation.js';
import { AGENT_FILE, JAVA_LINK, TREE_MARK, activemqHome, driverFile, javaHome } from '../core/layout.js';
import type { StepResult } from '../core/plan/step.js';
import { driversOnHost } from '../core/stores/index.js';
import type { Topology } from '../core/topology/topology.js';
import type { Host } from '../hosts/host.js';
import { ownedBy } from '../hosts/owned-host.js';
import { run } from '../hosts/run.js';
import { putFiles, putTree, type HostFile } from '../hosts/transfer.js';
import { placeClassData } from './class-data.js';
import type { Deps } from './deps.js';
import { askForJava } from './ask-agent.js';
import { installJavaPackage } from './packages.js';
import { probeFiles } from './probe-files.js';
import { toHostFile } from './nodes.js';
import type { StepInput } from './step-input.js';

const UNPACK_MS = 5 * 60_000;

/** Java present and new enough is used; else the distribution's package or an archive brings it. */
export async function installJava(
  deps: Deps,
  { topology, host, token }: StepInput,
  signal: AbortSignal,
): Promise<StepResult> {
  const opened = ownedBy(await deps.openHost(topology, host), token);
  const found = (await askForJava(opened, signal)).java;
  if (found !== null && found.major >= topology.java.minimum)
    return { changed: false, note: `Java ${found.major} at ${found.path}` };
  const { source } = topology.java;
  const home =
    source.kind === 'packages'
      ? await installJavaPackage(opened, { package: source.package, minimum: topology.java.minimum }, signal)
      : await unpackJava(deps, { topology, host: opened, source, signal });
  await linkJava(opened, home, signal);
  const now = (await askForJava(opened, signal)).java;
  if (now === null || now.major < topology.java.minimum) {
    const what = now === null ? 'no Java that runs' : `Java ${now.major}`;
    throw new EverbrokerError(
      'JavaUnavailable',
      `${host}: after installing there is ${what}, wanted is ${topology.java.minimum} or newer`,
      { host },
    );
  }
  return { changed: true, note: `Java ${now.major}` };
}

async function unpackJava(
  deps: Deps,
  {
    topology,
    host,
    source,
    signal,
  }: {
    topology: Topology;
    host: Host;
    source: Exclude<Topology['java']['source'], { kind: 'packages' }>;
    signal: AbortSignal;
  },
): Promise<string> {
  const home = javaHome(topology, source.sha512);
  const archive = await fetchJavaArchive(deps.cache, source, { signal });
  const part = partOf(home);
  const begun = await run(host, ['sh', '-c', BEGIN_TREE, 'sh', home, part], { timeoutMs: 60_000, signal });
  if (!isComplete(begun.stdout))
    await putTree(host, archive.tar, { tree: home, part }, { timeoutMs: UNPACK_MS, signal });
  return home;
}

const linkJava = (host: Host, home: string, signal: AbortSignal): Promise<unknown> =>
  run(host, ['sh', '-c', 'ln -sfn "$1" "$2.new" && mv -T "$2.new" "$2"', 'sh', home, JAVA_LINK], {
    timeoutMs: 10_000,
    signal,
  });

export interface Installed extends StepResult {
  /** Whether the cache had a class-data archive for this host's JVM, and it is there now. */
  classData: boolean;
}

/** Home, overlays, probe, the brokers' user, and the class-data archive when the cache has one for this JVM. */
export async function installActiveMQ(
  deps: Deps,
  { topology, host, token }: StepInput,
  signal: AbortSignal,
): Promise<Installed> {
  const opened = ownedBy(await deps.openHost(topology, host), token);
  const { tar, distribution } = await fetchDistribution(deps.cache, topology.activemq, { signal });
  const home = activemqHome(topology);
  const part = partOf(home);
  const overlays = renderHome(topology, distribution).map((file) => toHostFile(topology, file));
  const beside = overlays.map((file) => ({ ...file, path: file.path.replace(home, `${part}.overlay`) }));
  const { user, uid } = topology.runAs;
  const drivers = await driverFiles(deps, topology, { host, signal });
  const begun = await putFiles(opened, [...probeFiles(deps.probe), ...drivers, ...beside], {
    first: { script: BEGIN_HOME, args: [home, part, AGENT_FILE, user, String(uid), topology.root] },
    timeoutMs: 60_000,
    signal,
  });
  const unpack = isComplete(begun)
    ? putFiles(opened, overlays, { first: { script: END_TREE, args: [home] }, timeoutMs: 30_000, signal })
    : putTree(opened, tar, { tree: home, part }, { timeoutMs: UNPACK_MS, signal });
  const place = { topology, host: opened, distribution, signal };
  const [warm] = await Promise.all([placeClassData(deps, place, parseJavaFacts(begun)), unpack]);
  return { changed: true, classData: warm, note: warm ? 'with class-data archive' : 'without class-data archive' };
}

/** Drivers of databases lie beside the home, which groups without a database share as it is. */
async function driverFiles(
  deps: Deps,
  topology: Topology,
  { host, signal }: { host: string; signal: AbortSignal },
): Promise<HostFile[]> {
  const drivers = driversOnHost(topology, host).map(async (driver): Promise<HostFile> => {
    const { path } = await fetchDriver(deps.cache, driver, { signal });
    return { path: driverFile(topology, driver.file), content: await readFile(path), mode: 0o644 };
  });
  return Promise.all(drivers);
}

/** A tree grows beside its place, under a name of its own: two runs at once do not meet. */
const partOf = (tree: string): string => `${tree}.part-${randomUUID()}`;

const COMPLETE = 'complete';
const isComplete = (begun: string): boolean => begun.split('\n').includes(COMPLETE);

/** $1 = a tree. What cut runs left behind is removed, so that disks do not fill up with halves. */
const END_TREE = 'rm -rf "$1".part-*';

/** $1 = a tree, $2 = where it is to grow. Says whether it is complete already. */
const BEGIN_TREE = `if [ -f "$1/${TREE_MARK}" ]; then echo ${COMPLETE}; else ${END_TREE} && mkdir -p "$2"; fi`;

/** The same for ActiveMQ's home, with all else that it needs. $3 = agent, $4 = user, $5 = its id, $6 = root. Tells of Java. */
const BEGIN_HOME = `set -e
mkdir -p "$6" && chmod 0755 "$6"
if ! getent passwd "$5" >/dev/null; then
  getent group "$5" >/dev/null || groupadd -g "$5" "$4"
  useradd -M -N -u "$5" -g "$5" -d "$6" -s /usr/sbin/nologin "$4"
fi
${BEGIN_TREE}
sh "$3" java`;
