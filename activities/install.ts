/** Java and ActiveMQ on a host. Unpacking goes to a temporary directory; a marker and a rename make it count. */
import { randomUUID } from 'node:crypto';
import { fetchDistribution, openHomeTar } from '../artefacts/distribution.js';
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
import { observe } from './observe.js';
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
  const found = (await observe(opened, topology, signal)).inside.java;
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
  const now = (await observe(opened, topology, signal)).inside.java;
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
  if (await isComplete(host, home, signal)) return home;
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

/** Home, overlays, probe, the brokers' user, and the class-data archive when the cache has one for this JVM. */
export async function installActiveMQ(
  deps: Deps,
  { topology, host, token }: StepInput,
  signal: AbortSignal,
): Promise<StepResult> {
  const opened = ownedBy(await deps.openHost(topology, host), token);
  const cached = await fetchDistribution(deps.cache, topology.activemq, { signal });
  const home = activemqHome(topology);
  const complete = await isComplete(opened, home, signal);
  await makeUser(opened, topology, signal);
  const overlays = renderHome(topology, cached.distribution).map((file) => toHostFile(topology, file));
  if (!complete) {
    await unpack(opened, home, {
      fill: async (directory) => {
        await putTar(opened, openHomeTar(cached), directory, { timeoutMs: UNPACK_MS, signal });
        const moved = overlays.map((file) => ({ ...file, path: file.path.replace(home, directory) }));
        if (moved.length > 0) await putFiles(opened, moved, { timeoutMs: 30_000, signal });
      },
      signal,
    });
  } else if (overlays.length > 0) {
    await putFiles(opened, overlays, { timeoutMs: 30_000, signal });
  }
  await putFiles(opened, probeFiles(deps.probe), { timeoutMs: 30_000, signal });
  const warm = await placeClassData(deps, { topology, host: opened, distribution: cached.distribution, signal });
  return { changed: true, note: warm ? 'with class-data archive' : 'without class-data archive' };
}

async function isComplete(host: Host, directory: string, signal: AbortSignal): Promise<boolean> {
  return (await host.exec(['test', '-f', `${directory}/.complete`], { timeoutMs: 10_000, signal })).exitCode === 0;
}

/**
 * Fills a temporary directory beside the target, then marks and renames it. What cut runs left behind is removed
 * first, so that disks do not fill up with halves.
 */
async function unpack(
  host: Host,
  target: string,
  { fill, signal }: { fill: (directory: string) => Promise<void>; signal: AbortSignal },
): Promise<void> {
  const temporary = `${target}.part-${randomUUID()}`;
  await run(host, ['sh', '-c', 'rm -rf "$1".part-* && mkdir -p "$2"', 'sh', target, temporary], {
    timeoutMs: 60_000,
    signal,
  });
  await fill(temporary);
  const finish = 'chmod 0755 "$1" && touch "$1/.complete" && rm -rf "$2" && mv -T "$1" "$2"';
  await run(host, ['sh', '-c', finish, 'sh', temporary, target], { timeoutMs: 60_000, signal });
}

async function makeUser(host: Host, { runAs, root }: Topology, signal: AbortSignal): Promise<void> {
  const script = `set -e
mkdir -p "$3" && chmod 0755 "$3"
getent passwd "$2" >/dev/null && exit 0
getent group "$2" >/dev/null || groupadd -g "$2" "$1"
useradd -M -N -u "$2" -g "$2" -d "$3" -s /usr/sbin/nologin "$1"`;
  await run(host, ['sh', '-c', script, 'sh', runAs.user, String(runAs.uid), root], { timeoutMs: 30_000, signal });
}
