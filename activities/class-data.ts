/**
 * The class-data archive (AppCDS) of a host: a third less CPU at every broker start and takeover (measured: master
 * 2.8 → 2.0 CPU-seconds). It is made once per JVM build, architecture and set of jars by a scratch broker that nobody
 * reaches, kept in the worker's cache, and put on further hosts from there.
 */
import { Readable } from 'node:stream';
import { findClassData, storeClassData } from '../artefacts/class-data.js';
import { fetchDistribution } from '../artefacts/distribution.js';
import { classDataKey } from '../core/activemq/class-data.js';
import type { Distribution } from '../core/activemq/distribution.js';
import { scratchNode } from '../core/activemq/scratch-node.js';
import { activemqHome, classDataFile, classDataKeyFile } from '../core/layout.js';
import type { StepResult } from '../core/plan/step.js';
import type { Topology } from '../core/topology/topology.js';
import type { Host } from '../hosts/host.js';
import { ownedBy } from '../hosts/owned-host.js';
import { run } from '../hosts/run.js';
import { putFiles } from '../hosts/transfer.js';
import type { Deps } from './deps.js';
import { toHostFile } from './nodes.js';
import { askAgent, type JavaFacts } from './ask-agent.js';
import { throwawaySecrets } from './secrets.js';
import type { StepInput } from './step-input.js';

const MAKE_MS = 120_000;
const PUT_MS = 60_000;

interface Place {
  topology: Topology;
  host: Host;
  distribution: Distribution;
  signal: AbortSignal;
}

/** Puts the cached archive on a host; false when the cache has none for its JVM. */
export async function placeClassData(
  deps: Deps,
  { topology, host, distribution, signal }: Place,
  facts: JavaFacts,
): Promise<boolean> {
  const key = keyOf(facts, distribution);
  const cached = await findClassData(deps.cache, key);
  if (cached === undefined) return false;
  // The key goes away first and comes back last: what lies beside a key is whole and of that key.
  const script = `set -e
mkdir -p "$(dirname "$1")"
rm -f "$2"
cat > "$1.new"
[ "$(stat -c %s "$1.new")" = "$4" ] || { echo "the transfer of $1 was cut" >&2; exit 1; }
mv "$1.new" "$1"
printf "%s\\n" "$3" > "$2"`;
  const places = [classDataFile(topology), classDataKeyFile(topology)];
  const argv = ['sh', '-c', script, 'sh', ...places, key, String(cached.bytes)];
  await run(host, argv, { stdin: cached, timeoutMs: PUT_MS, signal });
  return true;
}

const keyOf = ({ java, architecture }: JavaFacts, { jars, sha512 }: Distribution): string =>
  classDataKey({ javaVersion: java?.version ?? '', architecture, jars, sha512 });

export async function makeClassData(
  deps: Deps,
  { topology, host, token }: StepInput,
  signal: AbortSignal,
): Promise<StepResult> {
  const opened = ownedBy(await deps.openHost(topology, host), token);
  const { inside } = await askAgent(opened, { topology, agent: deps.agent }, signal);
  const { distribution } = await fetchDistribution(deps.cache, topology.activemq, { signal });
  const place = { topology, host: opened, distribution, signal };
  const key = keyOf(inside, distribution);
  if (inside.classDataArchives.includes(key)) return { changed: false, note: 'already there' };
  if (await placeClassData(deps, place, inside)) return { changed: true, note: 'from the cache' };
  const made = await archive(place, key);
  if (!made) return { changed: false, note: 'this JVM makes none; brokers start without' };
  const content = await fetchArchive(place);
  await storeClassData(deps.cache, key, Readable.from([content]), { signal });
  return { changed: true, note: `${(content.length / 1e6).toFixed(0)} MB` };
}

/** As base64, because a host's output is text; 34 MB become 46, once per JVM build. */
async function fetchArchive({ topology, host, signal }: Place): Promise<Buffer> {
  const options = { timeoutMs: PUT_MS, signal, maxOutputBytes: 256 * 1024 * 1024 };
  const { stdout } = await run(host, ['base64', '-w0', classDataFile(topology)], options);
  return Buffer.from(stdout, 'base64');
}

/**
 * Starts a broker on loopback with a store of its own, waits for its "started" line and ends it with TERM, at which
 * the JVM writes the archive. Low priority: real brokers run beside it.
 */
async function archive(place: Place, key: string): Promise<boolean> {
  const { topology, host, distribution, signal } = place;
  const { files, base, argsFile } = scratchNode(topology, distribution, throwawaySecrets());
  await putFiles(
    host,
    files.map((file) => toHostFile(topology, file)),
    { timeoutMs: PUT_MS, signal },
  );
  const script = `set -e
base=$1 args=$2 uid=$3 home=$4 out=$5 key=$6 key_file=$7
# A worker that died left its own run behind, script and broker: two on one base would spoil each other's archive.
for old in $(grep -alzxF -e "$base" -e "-Dactivemq.base=$base" /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3); do
  [ "$old" = $$ ] || kill -9 "$old" 2>/dev/null || :
done
rm -rf "$base/data" "$base/archive.jsa"
mkdir -p "$base/data" "$base/tmp" "$(dirname "$out")"
chown -R "$uid:$uid" "$base"
cd "$home"
nice -n 10 setpriv --reuid="$uid" --regid="$uid" --clear-groups /var/lib/everbroker/java/bin/java \\
  -Dactivemq.base="$base" -Dactivemq.home="$home" -XX:ArchiveClassesAtExit="$base/archive.jsa" @"$args" >"$base/out" 2>&1 &
pid=$!
# The colon: under -e a kill that finds nobody would make a success a failure, and leave the directory behind.
trap 'kill -9 $pid 2>/dev/null || :; rm -rf "$base"' EXIT
tries=0
# The console comes last: before it answers, the classes of Jetty and Jolokia are not loaded, and would not be archived.
until grep -q 'Jolokia REST API available' "$base/data/activemq.log" 2>/dev/null; do
  tries=$((tries + 1)); [ $tries -gt 600 ] && exit 3
  kill -0 $pid 2>/dev/null || exit 3
  sleep 0.1
done
kill -TERM $pid
wait $pid || true
[ -s "$base/archive.jsa" ] || exit 3
mv "$base/archive.jsa" "$out.new"
chmod 0644 "$out.new" && chown 0:0 "$out.new"
rm -f "$key_file"
mv "$out.new" "$out"
printf '%s\\n' "$key" > "$key_file"`;
  const { uid } = topology.runAs;
  const argv = [
    'sh',
    '-c',
    script,
    'sh',
    base,
    argsFile,
    String(uid),
    activemqHome(topology),
    classDataFile(topology),
    key,
    classDataKeyFile(topology),
  ];
  return (await host.exec(argv, { timeoutMs: MAKE_MS, signal })).exitCode === 0;
}
