/** Java and ActiveMQ on a host. Unpacking goes to a temporary directory; a marker and a rename make it count. */
import { randomUUID } from 'node:crypto';
import { fetchDistribution, openHomeTar, type CachedDistribution } from '../artefacts/distribution.js';
import { fetchJavaArchive, openJavaTar } from '../artefacts/java.js';
import { renderHome } from '../core/activemq/render.js';
import { EverbrokerError } from '../core/failure.js';
import { JAVA_LINK, activemqHome, javaHome } from '../core/layout.js';
import type { StepResult } from '../core/plan/step.js';
import type { Topology } from '../core/topology/topology.js';
import type { Host } from '../hosts/host.js';
import { ownedBy } from '../hosts/owned-host.js';
import { commandFailed, run } from '../hosts/run.js';
import { putFiles, putTar } from '../hosts/transfer.js';
import { placeClassData } from './class-data.js';
import type { Deps } from './deps.js';
import { askAgent } from './ask-agent.js';
import { probeFiles } from './probe-files.js';
import { toHostFile } from './nodes.js';
import type { StepInput } from './step-input.js';

const PACKAGES_MS = 15 * 60_000;
const UNPACK_MS = 5 * 60_000;

/** Java present and new enough is used; else the distribution's package or an archive brings it. */
export async function installJava(
  deps: Deps,
  { topology, host, token }: StepInput,
  signal: AbortSignal,
): Promise<StepResult> {
  const opened = ownedBy(await deps.openHost(topology, host), token);
  const found = (await askAgent(opened, topology, signal)).inside.java;
  if (found !== null && found.major >= topology.java.minimum) {
    await linkJava(opened, found.path, signal);
    return { changed: false, note: `Java ${found.major} at ${found.path}` };
  }
  const { source } = topology.java;
  const home =
    source.kind === 'packages'
      ? await installPackage(opened, source.package, signal)
      : await unpackJava(deps, { topology, host: opened, source, signal });
  await linkJava(opened, home, signal);
  const now = (await askAgent(opened, topology, signal)).inside.java;
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

/**
 * apt only: containers of the base image are Debian, and others are refused with a clear word.
 * Two runs at once wait for each other (DPkg::Lock::Timeout); a package half configured by a cut run is completed first.
 */
async function installPackage(host: Host, name: string, signal: AbortSignal): Promise<string> {
  const script = `set -e
command -v apt-get >/dev/null || { echo "no apt-get: install Java into the image, or use an archive" >&2; exit 90; }
export DEBIAN_FRONTEND=noninteractive
# An installation of a worker that died goes on, and dpkg does not wait for it.
exec 9>/var/lib/everbroker/packages.lock
flock -w 600 9 || :
dpkg --configure -a >/dev/null
# Java's packages link manual pages, whose directories small images lack.
mkdir -p /usr/share/man/man1
apt-get -o DPkg::Lock::Timeout=120 -qq update
apt-get -o DPkg::Lock::Timeout=120 -qq -y --no-install-recommends install "$1" >/dev/null
rm -rf /var/lib/apt/lists/*
# The package's own Java: what the search path finds may be the old one that was not new enough.
java=$(dpkg -L "$1" | grep '/bin/java$' | head -n 1)
[ -n "$java" ] || java=$(command -v java) || { echo "package $1 brought no java" >&2; exit 91; }
dirname "$(dirname "$(readlink -f "$java")")"`;
  const result = await host.exec(['sh', '-c', script, 'sh', name], { timeoutMs: PACKAGES_MS, signal });
  if (result.exitCode === 0 && !result.timedOut) return result.stdout.trim().split('\n').at(-1) ?? '';
  const failed = commandFailed(result, `install ${name}`);
  throw new EverbrokerError('JavaUnavailable', failed.message, failed.details);
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
  await unpack(host, home, {
    fill: (directory) => putTar(host, openJavaTar(archive), directory, { timeoutMs: UNPACK_MS, signal }),
    signal,
  });
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
  const cached = await fetchDistribution(deps.cache, topology.activemq, { signal });
  await makeUser(opened, topology, signal);
  // None of these needs another; each command on a host costs more than what it does.
  const [, , warm] = await Promise.all([
    unpackHome(opened, { topology, cached, signal }),
    putFiles(opened, probeFiles(deps.probe), { timeoutMs: 30_000, signal }),
    placeClassData(deps, { topology, host: opened, distribution: cached.distribution, signal }),
  ]);
  return { changed: true, classData: warm, note: warm ? 'with class-data archive' : 'without class-data archive' };
}

async function unpackHome(
  host: Host,
  { topology, cached, signal }: { topology: Topology; cached: CachedDistribution; signal: AbortSignal },
): Promise<void> {
  const home = activemqHome(topology);
  const overlays = renderHome(topology, cached.distribution).map((file) => toHostFile(topology, file));
  const unpacked = await unpack(host, home, {
    fill: async (directory) => {
      await putTar(host, openHomeTar(cached), directory, { timeoutMs: UNPACK_MS, signal });
      const moved = overlays.map((file) => ({ ...file, path: file.path.replace(home, directory) }));
      await putFiles(host, moved, { timeoutMs: 30_000, signal });
    },
    signal,
  });
  if (!unpacked) await putFiles(host, overlays, { timeoutMs: 30_000, signal });
}

const ALREADY = 'already';

/**
 * Fills a temporary directory beside the target, then marks and renames it; false when the target is complete. What
 * cut runs left behind is removed first, so that disks do not fill up with halves. The mark is a command of its own,
 * given only when the stream is known to have arrived whole: tar takes a stream that ends between two files for good.
 */
async function unpack(
  host: Host,
  target: string,
  { fill, signal }: { fill: (directory: string) => Promise<void>; signal: AbortSignal },
): Promise<boolean> {
  const temporary = `${target}.part-${randomUUID()}`;
  const options = { timeoutMs: 60_000, signal };
  const begin = `if [ -f "$1/.complete" ]; then echo ${ALREADY}; else rm -rf "$1".part-* && mkdir -p "$2"; fi`;
  if ((await run(host, ['sh', '-c', begin, 'sh', target, temporary], options)).stdout.trim() === ALREADY) return false;
  await fill(temporary);
  const finish = 'chmod 0755 "$1" && touch "$1/.complete" && rm -rf "$2" && mv -T "$1" "$2"';
  await run(host, ['sh', '-c', finish, 'sh', temporary, target], options);
  return true;
}

async function makeUser(host: Host, { runAs, root }: Topology, signal: AbortSignal): Promise<void> {
  const script = `set -e
mkdir -p "$3" && chmod 0755 "$3"
getent passwd "$2" >/dev/null && exit 0
getent group "$2" >/dev/null || groupadd -g "$2" "$1"
useradd -M -N -u "$2" -g "$2" -d "$3" -s /usr/sbin/nologin "$1"`;
  await run(host, ['sh', '-c', script, 'sh', runAs.user, String(runAs.uid), root], { timeoutMs: 30_000, signal });
}
