import { parseProbeOutput } from '../core/probe-report.js';
import type { TaskReport } from '../core/probe-report.js';
import { oneLine, probeDeadlineMs, requestText } from '../core/probe-request.js';
import type { ProbeRequest } from '../core/probe-request.js';
import type { CommandResult, Host } from '../hosts/host.js';

/** Where the probe finds what it needs, all paths on the host. */
export interface ProbeSetup {
  /** A java home (its bin/java is run). */
  javaHome: string;
  /** ActiveMQ's home: the probe uses the client of the very version that runs. */
  activemqHome: string;
  jar: string;
  /**
   * The password of the request's user. `file`: a properties file on the host with the key `probe.password`; then it
   * never leaves the host. `password`: given by the caller, and passed by standard input.
   */
  login: { file: string } | { password: string };
}

export type ProbeResult =
  | { state: 'reported'; reports: TaskReport[] }
  /** Nothing can be said of the brokers. */
  | { state: 'unusable'; reason: ProbeTrouble; exitCode: number; detail: string };

export type ProbeTrouble =
  'no-java' | 'no-client' | 'no-jar' | 'no-password' | 'bad-request' | 'timeout' | 'incomplete-answer';

const EXIT: Record<number, ProbeTrouble> = {
  2: 'bad-request',
  70: 'no-java',
  71: 'no-client',
  72: 'no-jar',
  73: 'no-password',
};

/**
 * $java, $home, $jar and $file: what is missing ends the script with a code of its own. The client's jars are named one by
 * one: lib/* would also open Spring and the broker.
 */
export const FIND_CLIENT = `[ -x "$java/bin/java" ] || { echo "no $java/bin/java" >&2; exit 70; }
[ -f "$jar" ] || { echo "no $jar" >&2; exit 72; }
path=$jar
for j in "$home"/lib/activemq-client-*.jar "$home"/lib/*jms*.jar "$home"/lib/geronimo-j2ee-management*.jar \\
  "$home"/lib/hawtbuf-*.jar "$home"/lib/slf4j-api-*.jar; do [ -f "$j" ] && path=$path:$j; done
case $path in *activemq-client-*) ;; *) echo "no client in $home/lib" >&2; exit 71 ;; esac
[ -z "$file" ] || grep -q '^probe\\.password=.' "$file" || { echo "no probe.password in $file" >&2; exit 73; }`;

/**
 * The password's line of a request. It goes from file to pipe by sed, whose own argv holds only the key; awk and printf would
 * be as good, a shell variable given to a program would not.
 */
export const PASSWORD_LINE = `sed -n 's/^probe\\.password=/password=/p' "$file"`;

/** Starts the JVM on the host. */
const SCRIPT = `java=$1 home=$2 jar=$3 file=$4
${FIND_CLIENT}
probe() { "$java/bin/java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -Xmx128m -cp "$path" everbroker.probe.Probe; }
[ -n "$file" ] || { probe; exit; }
{ ${PASSWORD_LINE}; cat; } | probe`;

/** The probe gives up by itself before this; only a host that hangs needs it. */
const AFTER_DEADLINE_MS = 5_000;

/**
 * Runs a request of message and login tests on a host, all its tasks at once in one JVM.
 * @throws EverbrokerError HostUnreachable when the host or the link is gone.
 */
export async function runProbe(
  host: Host,
  request: ProbeRequest,
  { setup, signal }: { setup: ProbeSetup; signal?: AbortSignal | undefined },
): Promise<ProbeResult> {
  const { javaHome, activemqHome, jar, login } = setup;
  const file = 'file' in login ? login.file : '';
  const password = 'password' in login ? `${oneLine(`password=${login.password}`)}\n` : '';
  const result = await host.exec(['sh', '-c', SCRIPT, 'everbroker-probe', javaHome, activemqHome, jar, file], {
    stdin: password + requestText(request),
    timeoutMs: probeDeadlineMs(request) + AFTER_DEADLINE_MS,
    signal,
  });
  const reports = parseProbeOutput(request, result.stdout);
  return reports ? { state: 'reported', reports } : unusable(result);
}

function unusable({ exitCode, timedOut, stderr }: CommandResult): ProbeResult {
  const reason = timedOut ? 'timeout' : (EXIT[exitCode] ?? 'incomplete-answer');
  return { state: 'unusable', reason, exitCode, detail: stderr.trim().split('\n').slice(-5).join('\n') };
}
