/** The process that drives the load on a host: started so that it outlives whoever started it, found again, steered by files. */
import { parseLoadStatus, type LoadStatus } from '../../core/drills/load-status.js';
import { drillDir } from '../../core/layout.js';
import type { Host } from '../../hosts/host.js';
import { commandFailed, run } from '../../hosts/run.js';
import { FIND_CLIENT, PASSWORD_LINE } from '../../probes/jms-probe.js';

/** Where the load's process finds what it needs, all paths on the host. */
export interface LoadSetup {
  javaHome: string;
  activemqHome: string;
  jar: string;
  /** Properties file with the key `probe.password`. */
  credentials: string;
  directory: string;
}

export const loadDirectory = (drill: string): string => `${drillDir(drill)}/load`;

const START_MS = 60_000;
const LOOK_MS = 15_000;

/** Whether the process of $dir lives; then $pid is its. It is known by its command line: a pid file may be another's. */
const LIVES = `lives() {
  for found in $(grep -lzxF everbroker.probe.Load /proc/[0-9]*/cmdline 2>/dev/null); do
    pid=\${found#/proc/} pid=\${pid%/*}
    if grep -qzxF "$dir" "$found" 2>/dev/null; then return 0; fi
  done
  return 1
}`;

/**
 * $1 Java home, $2 ActiveMQ's home, $3 jar, $4 credentials, $5 directory, $6 `again` to start one that has ended; the request
 * on standard input. It is over when the process says how it stands. Two of these at once are one: the first has the lock, the
 * second finds its process; and the process has a lock of its own.
 *
 * The JVM: a minute of load is too short for the second compiler to pay, and brokers need the processors more.
 */
const START = `java=$1 home=$2 jar=$3 file=$4 dir=$5 mode=$6
${FIND_CLIENT}
${LIVES}
umask 077
mkdir -p "$dir" || exit 1
exec 9>"$dir/starting"
flock -w 30 9 || { echo 'another start hangs' >&2; exit 75; }
if lives; then echo found; exit; fi
if [ "$mode" != again ] && grep -q '"state":"ended"' "$dir/status" 2>/dev/null; then echo ended; exit; fi
cat >"$dir/request"
rm -f "$dir/status" "$dir/stop"
{ ${PASSWORD_LINE}; cat "$dir/request"; } 9>&- | setsid "$java/bin/java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto \\
  -Xms32m -Xmx192m -Xss256k -XX:+ExitOnOutOfMemoryError -cp "$path" everbroker.probe.Load "$dir" 9>&- >"$dir/out" 2>&1 &
tries=0
until [ -s "$dir/status" ]; do
  tries=$((tries + 1))
  [ $tries -lt 400 ] || { echo 'the load does not say how it stands' >&2; tail -n 5 "$dir/out" >&2; exit 76; }
  sleep 0.05
  kill -0 $! 2>/dev/null || { [ -s "$dir/status" ] || { tail -n 5 "$dir/out" >&2; exit 77; }; }
done
echo started`;

/**
 * @param again Also when it has ended by itself: its directory is gone on with.
 * @returns whether it was started now
 */
export async function startProcess(
  host: Host,
  { setup, request, again, signal }: { setup: LoadSetup; request: string; again: boolean; signal: AbortSignal },
): Promise<boolean> {
  const { javaHome, activemqHome, jar, credentials, directory } = setup;
  const paths = [javaHome, activemqHome, jar, credentials, directory];
  const argv = ['sh', '-c', START, 'everbroker-load', ...paths, again ? 'again' : 'once'];
  const result = await host.exec(argv, { stdin: request, timeoutMs: START_MS, signal });
  if (result.exitCode !== 0 || result.timedOut)
    throw commandFailed({ ...result, argv: ['sh', '-c', 'load', ...paths] }, 'start the load');
  return result.stdout.trim() === 'started';
}

/** $1 directory. */
const READ = `dir=$1
${LIVES}
if lives; then echo lives; else echo gone; fi
cat "$dir/status" 2>/dev/null || :`;

export async function readProcess(host: Host, drill: string, signal: AbortSignal): Promise<LoadStatus | null> {
  const argv = ['sh', '-c', READ, 'everbroker-load', loadDirectory(drill)];
  const { stdout } = await run(host, argv, { timeoutMs: LOOK_MS, signal });
  const [found = '', ...rest] = stdout.split('\n');
  return parseLoadStatus(rest.join('\n'), found === 'lives');
}

/** `stop-producers` or `stop`; the process looks for it twenty times a second. */
export async function steer(
  host: Host,
  { drill, file, signal }: { drill: string; file: 'stop-producers' | 'stop'; signal: AbortSignal },
): Promise<void> {
  const argv = ['sh', '-c', 'mkdir -p "$1" && : >"$1/$2"', 'everbroker-load', loadDirectory(drill), file];
  await run(host, argv, { timeoutMs: LOOK_MS, signal });
}

/** What was found in queues, beside the records. */
export async function writeStuck(
  host: Host,
  { drill, text, signal }: { drill: string; text: string; signal: AbortSignal },
): Promise<void> {
  const script = 'cat >"$1/stuck.new" && mv "$1/stuck.new" "$1/stuck.txt"';
  const argv = ['sh', '-c', script, 'everbroker-load', loadDirectory(drill)];
  await run(host, argv, { stdin: text, timeoutMs: LOOK_MS, signal });
}

/** $1 directory. Ends the process, should it live, and removes what it wrote; a directory that is gone is well. */
const REMOVE = `dir=$1
${LIVES}
if lives; then kill -9 "$pid"; fi
rm -rf "$dir"
rmdir "\${dir%/*}" 2>/dev/null || :`;

export async function removeProcess(host: Host, drill: string, signal: AbortSignal): Promise<void> {
  await run(host, ['sh', '-c', REMOVE, 'everbroker-load', loadDirectory(drill)], { timeoutMs: LOOK_MS, signal });
}
