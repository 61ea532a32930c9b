/** Asks a database about a store from a host of its brokers, with their driver and their login. */
import { z } from 'zod';
import type { StoreReading, Unreadable } from '../core/health/store-reading.js';
import { oneLine } from '../core/probe-request.js';
import type { Host } from '../hosts/host.js';

export interface StoreProbe {
  javaHome: string;
  /** Paths on the host: the probe's jar and the driver's. */
  jars: string[];
  /**
   * The node's credentials file, with store.user and store.password, which never leave the host; or the text of one that is
   * yet to be written.
   */
  credentials: string | { text: string };
  url: string;
}

/** Whether a broker could start there. */
export type Readiness = { state: 'ready' } | Unreadable;

/** Connecting takes 5 s at most, a statement as long as the driver's time-out of 10 s. */
const PROBE_MS = 25_000;

/**
 * $1 Java's home, $2 class path, $3 credentials file; where that is empty, its lines come first on standard input, up to a
 * line with a dot. They are kept in a file without a name, which ends with the command.
 */
const SCRIPT = `umask 077
if [ -z "$3" ]; then
  file=$(mktemp) && exec 3>"$file" 4<"$file" && rm -f "$file" || exit 1
  while IFS= read -r line && [ "$line" != . ]; do printf '%s\\n' "$line" >&3; done
  set -- "$1" "$2" /dev/fd/4
fi
exec "$1/bin/java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -Xmx64m -cp "$2" everbroker.probe.StoreProbe "$3"`;

const answer = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('ok'), holder: z.string().nullish(), leftMs: z.number().optional() }),
  z.object({
    outcome: z.enum(['no-tables', 'unreachable', 'refused', 'no-database', 'no-rights', 'needs-tls', 'failed']),
    error: z.string(),
  }),
]);

/** Who holds the lock. @throws EverbrokerError HostUnreachable when the host or the link is gone. */
export async function readLease(host: Host, probe: StoreProbe, signal: AbortSignal): Promise<StoreReading> {
  const found = await ask(host, probe, { question: 'lease', signal });
  if ('state' in found) return found;
  if (found.outcome !== 'ok') return { state: found.outcome, detail: found.error };
  return { state: 'read', holder: found.holder ?? null, leftMs: found.leftMs ?? 0 };
}

/** Whether a broker could start on the store. @throws EverbrokerError HostUnreachable */
export async function readReadiness(host: Host, probe: StoreProbe, signal: AbortSignal): Promise<Readiness> {
  const found = await ask(host, probe, { question: 'ready', signal });
  if ('state' in found) return found;
  return found.outcome === 'ok' ? { state: 'ready' } : { state: found.outcome, detail: found.error };
}

async function ask(
  host: Host,
  { javaHome, jars, credentials, url }: StoreProbe,
  { question, signal }: { question: 'lease' | 'ready'; signal: AbortSignal },
): Promise<z.output<typeof answer> | { state: 'failed'; detail: string }> {
  const [file, lines] =
    typeof credentials === 'string' ? [credentials, ''] : ['', `${credentials.text.trimEnd()}\n.\n`];
  const result = await host.exec(['sh', '-c', SCRIPT, 'everbroker-probe', javaHome, jars.join(':'), file], {
    stdin: `${lines}${oneLine(`url=${url}`)}\nask=${question}\n`,
    timeoutMs: PROBE_MS,
    signal,
  });
  const [line = '', end] = result.stdout.trim().split('\n').slice(-2);
  const parsed = end === 'end' ? answer.safeParse(JSON.parse(line)) : undefined;
  if (parsed?.success === true) return parsed.data;
  const why = result.timedOut ? 'it did not answer in time' : `exit code ${result.exitCode}`;
  const last = result.stderr.trim().split('\n').slice(-3).join('\n');
  return { state: 'failed', detail: `the probe could not ask on ${host.name} (${why})\n${last}`.trim() };
}
