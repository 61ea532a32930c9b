/** Asks a host about a lock in a store's directory, as the brokers' user and on the brokers' JVM. */
import { z } from 'zod';
import type { LockAnswer, LockQuestion } from '../core/health/lock-proof.js';
import { PROBE_DIR } from '../core/layout.js';
import type { Host } from '../hosts/host.js';
import { commandFailed } from '../hosts/run.js';

export interface LockProbe {
  javaHome: string;
  /** The probe's jar on the host. */
  jar: string;
  uid: number;
  directory: string;
  /** Of this proof alone: no host has seen, or cached, its file before. */
  id: string;
}

const ASK_MS = 40_000;

/** $1 question, $2 Java home, $3 jar, $4 uid, $5 directory of the store, $6 id. */
const SCRIPT = `set -e
java=$2 jar=$3 uid=$4 id=$6
file=$5/.everbroker-lock-$id mark=${PROBE_DIR}/lock-$id
as_user() { if [ "$(id -u)" = "$uid" ]; then exec "$@"; else exec setpriv --reuid="$uid" --regid="$uid" --clear-groups --no-new-privs "$@"; fi; }
lock() { as_user "$java/bin/java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -Xmx32m -cp "$jar" everbroker.probe.LockProbe "$@"; }
until_said() { tries=0; until grep -q "$1" "$mark.out"; do tries=$((tries + 1)); [ $tries -lt "$2" ] || return 1; sleep 0.1; done; }
case $1 in
  hold)
    if [ ! -e "$mark" ]; then
      : >"$mark"
      : >"$mark.out"
      (lock hold "$file" "$id" "$mark") </dev/null >"$mark.out" 2>"$mark.err" &
    fi
    until_said '^end' 300 || { cat "$mark.err" >&2; rm -f "$mark"; exit 1; }
    head -n 2 "$mark.out" ;;
  see) lock try "$file" "$id" busy ;;
  take) lock try "$file" "$id" taken ;;
  release)
    rm -f "$mark"
    if until_said '"released"' 100; then echo '{"outcome":"released"}'; else echo '{"outcome":"lost"}'; fi
    echo end ;;
  remove)
    rm -f "$mark" "$mark.out" "$mark.err"
    (as_user rm -f "$file") || :
    echo '{"outcome":"removed"}'
    echo end ;;
esac`;

const answer = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.enum(['held', 'busy', 'taken', 'absent', 'other', 'released', 'lost', 'removed']) }),
  z.object({ outcome: z.literal('failed'), detail: z.string() }),
]);

/** @throws EverbrokerError CommandFailed when the question could not be asked, HostUnreachable */
export async function askLock(
  host: Host,
  question: LockQuestion,
  { probe, signal }: { probe: LockProbe; signal: AbortSignal },
): Promise<LockAnswer> {
  const { javaHome, jar, uid, directory, id } = probe;
  const argv = ['sh', '-c', SCRIPT, 'lock-probe', question, javaHome, jar, String(uid), directory, id];
  const result = await host.exec(argv, { timeoutMs: ASK_MS, signal });
  const [line = '', end] = result.stdout.trim().split('\n').slice(-2);
  if (result.exitCode !== 0 || result.timedOut || end !== 'end')
    throw commandFailed(result, `${question} a lock in ${directory}`);
  return answer.parse(JSON.parse(line));
}
