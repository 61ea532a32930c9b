/**
 * The programs behind faults that are done around a host. They run in a helper container, or on a machine beside everything
 * else; either way they need nothing of Everbroker once they run.
 */

/**
 * The dead-man timer: does the fault, waits, undoes it, and says so in a record. It does the fault itself, so there is none
 * without a timer. TERM ends the wait early. Then it stays for a while, so that whoever asks late still learns how it ended.
 * $1 record, $2 hold in seconds, $3 how long it stays, $4 deed, $5 undoing, which fails until nothing is left; then what both get.
 */
export const TIMER = `record=$1 hold=$2 stay=$3 inflict=$4 undo=$5
shift 5
umask 077
# Asked for twice, it runs once.
(set -C; echo $$ >"$record.pid") 2>/dev/null || exit 0
by=timer
trap 'by=told' TERM INT
note() { echo "$1 $(date +%s%3N) $2" >>"$record"; }
if ! said=$(sh -c "$inflict" fault "$@" 2>&1); then
  tries=0
  until sh -c "$undo" fault "$@" >/dev/null 2>&1; do tries=$((tries + 1)); [ $tries -lt 10 ] || break; sleep 1; done
  note impossible "$(printf '%s' "$said" | tr '\\n' ' ')"
  sleep 20
  exit 1
fi
note in-force
if [ $by = timer ]; then sleep "$hold" & wait $!; fi
trap '' TERM INT
until sh -c "$undo" fault "$@" >/dev/null 2>&1; do sleep 1; done
note healed $by
[ $by = told ] || { trap 'exit 0' TERM INT; sleep "$stay" & wait $!; }`;

/** $1 record. Ends when the record says that the fault is in force, cannot be, or is over; prints the record. */
export const AWAIT = `tries=0
until grep -qE '^(in-force|impossible|healed) ' "$1" 2>/dev/null; do
  tries=$((tries + 1)); [ $tries -lt 400 ] || { echo 'the timer did not do the fault' >&2; exit 1; }
  sleep 0.05
done
cat "$1"`;

/**
 * $1 table, $2 rules, $3 delay in ms, 0 for none. The delay is for what leaves. A qdisc that is there already, with options
 * of its own, would be lost, so the first that is not the kernel's own is the end of it.
 */
export const IMPAIR = `set -e
[ "$3" = 0 ] || for device in $(ls /sys/class/net); do
  [ "$device" = lo ] || tc qdisc add dev "$device" root netem delay "$3ms"
done
[ -z "$2" ] || { printf '%s' "$2" | nft -f -; nft list table inet "$1" >/dev/null; }`;

/** $1 table, $3 delay. Succeeds only when a look that worked has found nothing left. */
export const REPAIR = `nft delete table inet "$1" 2>/dev/null
[ "$3" = 0 ] || for device in $(ls /sys/class/net); do
  case $(tc qdisc show dev "$device") in *netem*) tc qdisc del dev "$device" root ;; esac
done
tables=$(nft list tables) || exit 1
! printf '%s\\n' "$tables" | grep -qxF "table inet $1" || exit 1
[ "$3" = 0 ] || case $(tc qdisc show) in *netem*) exit 1 ;; esac`;

/** $1 table, $3 delay. One word: \`present\`, \`expired\` (rules that hit nobody any more), or \`gone\`. */
export const LOOK = `tables=$(nft list tables) || exit 1
[ "$3" = 0 ] || case $(tc qdisc show) in *netem*) echo present; exit ;; esac
printf '%s\\n' "$tables" | grep -qxF "table inet $1" || { echo gone; exit; }
rules=$(nft list table inet "$1") || exit 1
case $rules in *' expires '*) echo present ;; *) echo expired ;; esac`;

/**
 * $1 rules that drop, $2 rules that drop by chance. One word a thing that the kernel has: `rules`, `chance`, `delay`. For a
 * network namespace of its own, where nothing is hit.
 */
export const KERNEL = `printf '%s' "$1" | nft -f - && echo rules
printf '%s' "$2" | nft -f - && echo chance
tc qdisc add dev lo root netem delay 1ms && echo delay
:`;

/** $1 the engine's socket, $2 verb, $3 path. Prints the status of the answer. Perl is in Debian's smallest image, a client of Docker is not. */
const ASK = `ask() { perl -MIO::Socket::UNIX -e 'alarm 30;
my ($at, $verb, $path) = @ARGV;
my $engine = IO::Socket::UNIX->new(Peer => $at) or die "no engine at $at: $!\\n";
print $engine "$verb $path HTTP/1.0\\r\\nHost: engine\\r\\nContent-Length: 0\\r\\n\\r\\n";
my $answer = <$engine> // "";
print $answer =~ m{^HTTP/\\S+ (\\d+)} ? $1 : 0' "$1" "$2" "$3"; }`;

/** $1 socket, $2 container. One that does not run could not be lost. */
export const KILL_HOST = `${ASK}
status=$(ask "$1" POST "/containers/$2/kill?signal=KILL") || exit 1
[ "$status" = 204 ] || { echo "the engine answered $status when the container was to be killed"; exit 1; }`;

/** $1 socket, $2 container. 304: it runs already; 404: somebody has removed it, and nothing can start it. */
export const START_HOST = `${ASK}
case $(ask "$1" POST "/containers/$2/start") in 204 | 304 | 404) exit 0 ;; *) exit 1 ;; esac`;

/** $1 socket. */
export const PING = `${ASK}
[ "$(ask "$1" GET /_ping)" = 200 ]`;

/**
 * On a machine. $1 the timer, $2 the fault's directory, then what the timer takes after its record. In a session of its own
 * the timer outlives this command and its connection.
 */
export const ARM = `set -e
timer=$1 directory=$2
shift 2
mkdir -p "$directory"
[ -e "$directory/record.pid" ] || setsid sh -c "$timer" fault-timer "$directory/record" "$@" </dev/null >/dev/null 2>&1 &
set -- "$directory/record"
${AWAIT}`;

/**
 * $1 the fault's directory, $2 its table, by which its timer is known: the number may be another's by now; $3 undoing. First the
 * timer, so that it cannot begin behind the look. What stays says that it is over, so that a command that is late breaks nothing
 * any more; the agent clears old ones away.
 */
export const DISARM = `mkdir -p "$1"
(set -C; echo 0 >"$1/record.pid") 2>/dev/null || :
pid=$(cat "$1/record.pid")
if tr '\\0' '\\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF "$2"; then kill -KILL "-$pid" 2>/dev/null || kill -KILL "$pid"; fi
sh -c "$3" undo "$2" '' 0 || { echo "the rules of $2 are still there" >&2; exit 1; }
grep -q '^healed ' "$1/record" 2>/dev/null || echo "healed $(date +%s%3N) told" >>"$1/record"`;

/** The server's port of the connection that this command came by; sudo hides it from the command, not from its parents. */
export const SSH_PORT = `pid=$$
while [ "\${pid:-0}" -gt 1 ]; do
  connection=$(tr '\\0' '\\n' <"/proc/$pid/environ" 2>/dev/null | sed -n 's/^SSH_CONNECTION=//p')
  if [ -n "$connection" ]; then echo "\${connection##* }"; exit; fi
  pid=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status")
done
exit 1`;
