#!/bin/sh
# Everbroker's host agent: keeps the nodes of one host as they are meant to be, and tells in one look what is so.
# One file, POSIX sh, nothing beyond Debian's minbase (coreutils, grep, mawk, util-linux), because it is there before
# anything else is. `run` supervises; every other sub-command asks or tells through files in the state directory, so
# only one process ever starts or stops a JVM. A JVM is known by -Dactivemq.base in /proc, never by a pid file alone.
set -u
export LC_ALL=C

STATE=${EVERBROKER_STATE:-/var/lib/everbroker}
NODES=$STATE/nodes
OWNER=$STATE/owner
SELF=$STATE/agent.sh
LOCK=$STATE/agent.lock
EVENTS=$STATE/events.log
LOOK=0.2                 # seconds between looks: a death is seen within this
LOOKS_PER_SELF_CHECK=25  # hashing our own file costs two forks, so only about every 5 s
CALM=6000                # 60 s (in 1/100 s) of life end the restart back-off
ME=$(id -u)

fail() { status=$1; shift; echo "agent: $*" >&2; exit "$status"; }

# --- small readers without forks -----------------------------------------------------------------------------------

# First line of a file into $value; empty when there is none.
first_line() { value=''; [ -f "$1" ] && IFS= read -r value <"$1" 2>/dev/null; :; }

# Atomic, so that no reader ever sees half a file.
put() { printf '%s\n' "$2" >"$1.new.$$" && mv -f "$1.new.$$" "$1"; }

is_number() { case $1 in '' | *[!0-9]*) return 1 ;; esac; }

# Names become paths: nothing that could lead out of the directory.
check_name() { case $1 in '' | *[!A-Za-z0-9_-]*) fail 2 "not a node name: $1" ;; esac; }

# Hundredths of seconds since boot into $now: the unit and origin of starttime in /proc/PID/stat; no clock step moves it.
read_now() { read -r now _ </proc/uptime; now=${now%.*}${now#*.}; now=${now#0}; }

# State letter and start time of process $1 into $letter and $born; false when it is gone or a zombie.
read_process() {
  letter='' born=''
  IFS= read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
  # The name in parentheses may hold blanks and parentheses; fields count from the last one.
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  letter=$1
  [ "$letter" != Z ] && [ "$letter" != X ] && shift 19 && born=$1
}

# The launch file of node $1 into variables; false when it is missing or cannot be used. Values are never evaluated.
read_launch() {
  NODE=$1 BASE='' HOME_DIR='' JAVA='' RUN_UID='' RUN_GID='' ARGS='' OPENWIRE='' CONSOLE='' STORE='' STOP_SECONDS=20
  COMMAND='' STOP_SIGNAL=TERM WAITS_LINE='' WAITS_MS=0
  [ -f "$NODES/$1/launch" ] || return 1
  while IFS='=' read -r key text; do
    case $key in
      BASE) BASE=$text ;; HOME_DIR) HOME_DIR=$text ;; JAVA) JAVA=$text ;; ARGS) ARGS=$text ;;
      RUN_UID) RUN_UID=$text ;; RUN_GID) RUN_GID=$text ;; STORE) STORE=$text ;;
      OPENWIRE) OPENWIRE=$text ;; CONSOLE) CONSOLE=$text ;; STOP_SECONDS) STOP_SECONDS=$text ;;
      COMMAND) COMMAND=$text ;; STOP_SIGNAL) STOP_SIGNAL=$text ;;
      WAITS_LINE) WAITS_LINE=$text ;; WAITS_MS) WAITS_MS=$text ;;
    esac
  done <"$NODES/$1/launch"
  is_number "$STOP_SECONDS" || STOP_SECONDS=20
  is_number "$WAITS_MS" || WAITS_MS=0
  [ "$STOP_SIGNAL" = INT ] || STOP_SIGNAL=TERM
  case $BASE in /*) is_number "$RUN_UID" && is_number "$RUN_GID" ;; *) return 1 ;; esac
}

# What the agent knows of node $1: pid and its start time, deaths in a row, earliest next start, and since when it is
# stopping. It lives in a file instead of variables because node names are not variable names.
read_state() {
  pid=0 birth=0 deaths=0 not_before=0 kill_at=0
  [ -f "$NODES/$1/state" ] && read -r pid birth deaths not_before kill_at 2>/dev/null <"$NODES/$1/state"
  is_number "${kill_at:-}" || { pid=0 birth=0 deaths=0 not_before=0 kill_at=0; }
}
write_state() { put "$NODES/$NODE/state" "$pid $birth $deaths $not_before $kill_at"; }

# --- processes -----------------------------------------------------------------------------------------------------

# Lines "PID BASE" of every broker JVM on the host, and of every service (a database), which has its base in the name of
# its pid file. Records of cmdline end with NUL, hence -z: a base is compared whole, so mq1 is not taken for mq10. Zombies
# have an empty cmdline.
list_jvms() {
  grep -aHzE '^(-Dactivemq\.base|--pid-file|--external-pid-file)=' /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' |
    sed -n -e 's,^/proc/\([0-9]*\)/cmdline:-Dactivemq\.base=,\1 ,p' \
      -e 's,^/proc/\([0-9]*\)/cmdline:--[a-z-]*=\(.*\)/data/server\.pid$,\1 \2,p'
}

# Whether process $1 is in a pid namespace below ours: a machine that runs containers shows their JVMs too, which are not
# its own. Such a process has more than one number.
in_container() {
  while read -r key _ inner _; do
    case $key in NSpid:) [ -n "$inner" ]; return ;; esac
  done 2>/dev/null <"/proc/$1/status"
  return 1
}

# Pid of the JVM with base $1 in the list $2, into $found; 0 when there is none.
find_jvm() {
  found=0
  while read -r candidate base; do
    if [ "$base" = "$1" ] && read_process "$candidate" && ! in_container "$candidate"; then found=$candidate; return; fi
  done <<LIST
$2
LIST
}

# Runs a command as user $1, group $2, without any way back to root.
as_user() {
  uid=$1 gid=$2; shift 2
  if [ "$ME" = "$uid" ]; then "$@"; else setpriv --reuid="$uid" --regid="$gid" --clear-groups "$@"; fi
}

signal() { kill -"$1" "$2" 2>/dev/null; }

# --- events --------------------------------------------------------------------------------------------------------

event() {
  echo "$(date +%s%3N) $1 $2 ${3:-}" >>"$EVENTS"
  if [ "$(stat -c %s "$EVENTS")" -gt 262144 ]; then tail -n 1000 "$EVENTS" >"$EVENTS.new" && mv -f "$EVENTS.new" "$EVENTS"; fi
}

# Says once, not five times a second, what a node waits for.
waiting_for() {
  first_line "$NODES/$NODE/waiting"
  [ "$value" = "$1" ] && return
  put "$NODES/$NODE/waiting" "$1"
  event "$NODE" waiting-for "$1"
}

# --- starting and stopping, by the running agent only ---------------------------------------------------------------

# One hash over what a JVM is started from: conf and launch file. Of the credentials only the version goes in, because
# a hash that is shown must not help to guess a password.
fingerprint() {
  set -- "$NODES/$1/launch"
  for file in "$BASE"/conf/*; do
    case $file in */credentials.properties) ;; *) [ -f "$file" ] && set -- "$@" "$file" ;; esac
  done
  first_line "$BASE/conf/credentials.properties"
  { sha256sum "$@" 2>/dev/null | sort; echo "$value"; } | sha256sum | cut -c1-64
}

# A host whose image has Java needs no installing, but launch files name the link.
link_java() {
  if [ ! -e "$STATE/java" ] && found_java=$(command -v java); then
    found_java=$(readlink -f "$found_java")
    ln -sfn "${found_java%/bin/java}" "$STATE/java"
  fi
}

can_start() {
  if [ -n "$COMMAND" ]; then
    if [ ! -x "$COMMAND" ]; then waiting_for "command $COMMAND"
    elif [ ! -f "$ARGS" ]; then waiting_for "arguments $ARGS"
    elif [ ! -d "$BASE/data/db" ]; then waiting_for "directory $BASE/data/db"
    else rm -f "$NODES/$NODE/waiting"; return 0
    fi
    return 1
  fi
  [ -x "$JAVA" ] || link_java
  if [ ! -x "$JAVA" ]; then waiting_for "java $JAVA"
  elif [ ! -f "$HOME_DIR/.complete" ]; then waiting_for "home $HOME_DIR"
  elif [ ! -f "$ARGS" ]; then waiting_for "arguments $ARGS"
  elif [ ! -d "$BASE/data" ]; then waiting_for "directory $BASE/data"
  else rm -f "$NODES/$NODE/waiting"; return 0
  fi
  return 1
}

# Where the log ends before the JVM writes: lines above are of an earlier life.
mark_log() {
  stat -c '%i %s' "$BASE/data/activemq.log" >"$NODES/$NODE/log-start" 2>/dev/null || echo '0 0' >"$NODES/$NODE/log-start"
  rm -f "$NODES/$NODE/role"
  size=$(stat -c %s "$BASE/data/console.log" 2>/dev/null || echo 0)
  if [ "$size" -gt 5242880 ]; then mv -f "$BASE/data/console.log" "$BASE/data/console.log.1"; fi
}

# The console log is opened by the broker's user, not by root: it could be a link to a file that is not the broker's.
# fd 9 is the agent's lock; a JVM that kept it open would lock out the next agent.
launch() {
  if [ -n "$COMMAND" ]; then
    # A service's arguments are the lines of a file; they are split there and not interpreted.
    # shellcheck disable=SC2016
    set -- sh -c 'umask 027; cd "$1" && log=$2 command=$3 lines=$(cat "$4") && set -f && IFS="$5" && exec "$command" $lines >>"$log" 2>&1' \
      sh "$BASE/data" "$BASE/data/console.log" "$COMMAND" "$ARGS" "
"
  # shellcheck disable=SC2016
  else set -- sh -c 'umask 027; cd "$1" && log=$2 && shift 2 && exec "$@" >>"$log" 2>&1' sh "$HOME_DIR" "$BASE/data/console.log" \
    "$JAVA" "-Dactivemq.base=$BASE" "-Dactivemq.home=$HOME_DIR" "@$ARGS"
  fi
  if [ "$ME" = "$RUN_UID" ]; then set -- setpriv --no-new-privs "$@"
  else set -- setpriv --reuid="$RUN_UID" --regid="$RUN_GID" --clear-groups --no-new-privs "$@"; fi
  setsid "$@" </dev/null >/dev/null 2>&1 9>&- &
  pid=$!
}

start_node() {
  can_start || return
  # The last look before the deed: never a second JVM on one base, whoever started the first.
  find_jvm "$BASE" "$(list_jvms)"
  if [ "$found" != 0 ]; then adopt; return; fi
  mark_log
  fingerprint "$NODE" >"$NODES/$NODE/started-with"
  first_line "$NODES/$NODE/starts"; is_number "$value" || value=0
  launch
  read_process "$pid"; birth=${born:-0} kill_at=0
  write_state
  put "$NODES/$NODE/starts" "$((value + 1))"
  event "$NODE" started "pid $pid"
}

adopt() {
  pid=$found birth=$born kill_at=0
  write_state
  event "$NODE" adopted "pid $pid"
}

# 0.5, 1, 2, 4 … 30 s: the first death is answered at once, a node that cannot live does not eat the host.
back_off() {
  [ $((now - birth)) -ge $CALM ] && deaths=0
  delay=50 step=0
  while [ "$step" -lt "$deaths" ] && [ "$delay" -lt 3000 ]; do delay=$((delay * 2)) step=$((step + 1)); done
  [ "$delay" -gt 3000 ] && delay=3000
  deaths=$((deaths + 1)) not_before=$((now + delay))
}

note_end() {
  wait "$pid" 2>/dev/null; code=$?   # 127: it was adopted, and its code is unknown
  if [ "$kill_at" = 0 ]; then
    back_off
    put "$NODES/$NODE/ended" died
    event "$NODE" exited "pid $pid code $code"
    event "$NODE" backoff "$((delay * 10)) ms"
  else
    # kill_at 1: the deadline has passed and KILL was sent.
    how=stopped; [ "$kill_at" = 1 ] && how=killed
    put "$NODES/$NODE/ended" $how
    event "$NODE" $how "pid $pid"
    [ "$wanted" = fenced ] && event "$NODE" fenced ''
    deaths=0 not_before=0
  fi
  pid=0 birth=0 kill_at=0
  write_state
}

stop_node() {
  if [ "$kill_at" = 0 ]; then
    kill_at=$((now + STOP_SECONDS * 100)); write_state
    signal "$STOP_SIGNAL" "$pid"
    # A JVM that was stopped (SIGSTOP) hears TERM only when it goes on.
    [ "$letter" = T ] && signal CONT "$pid"
  elif [ "$now" -ge "$kill_at" ]; then
    if [ "$kill_at" != 1 ]; then kill_at=1; write_state; fi
    signal KILL "$pid"
  fi
}

# What is wanted of a node now, into $wanted. `down-until` outranks `desired` and undoes itself: whoever armed it may die.
read_wanted() {
  first_line "$NODES/$1/desired"; wanted=${value:-down}
  [ -f "$NODES/$1/down-until" ] || return 0
  first_line "$NODES/$1/down-until"
  if is_number "$value" && [ "$(date +%s)" -lt "$value" ]; then wanted=down; return; fi
  put "$NODES/$1/desired" up && rm -f "$NODES/$1/down-until"
  event "$1" down-until 'time is up'
  wanted=up
}

# One look at one node: cheap when nothing is to be done.
tend() {
  read_launch "$1" || { [ -f "$NODES/$1/launch" ] && waiting_for 'a launch file that can be used'; return; }
  read_wanted "$1"
  [ "$leaving" = 1 ] && wanted=down
  read_state "$1"
  if [ "$pid" != 0 ] && ! { read_process "$pid" && [ "$born" = "$birth" ]; }; then note_end; fi
  if [ -f "$NODES/$1/retry" ]; then rm -f "$NODES/$1/retry"; deaths=0 not_before=0; write_state; fi
  case $wanted in
    up) if [ "$pid" = 0 ]; then [ "$now" -lt "$not_before" ] || start_node; elif [ "$kill_at" != 0 ]; then stop_node; fi ;;
    *)
      if [ "$pid" != 0 ]; then stop_node; alive=$((alive + 1))
      elif [ "$deaths" != 0 ]; then deaths=0 not_before=0; write_state; fi ;;
  esac
}

look() {
  read_now
  alive=0
  for dir in "$NODES"/*/; do [ -d "$dir" ] || continue; dir=${dir%/}; tend "${dir##*/}"; done
}

# After a start of the agent what the files say of processes is hearsay: /proc tells.
find_running() {
  jvms=$(list_jvms)
  for file in "$NODES"/*/launch; do
    [ -f "$file" ] || continue
    file=${file%/launch}
    read_launch "${file##*/}" || continue
    read_state "$NODE"
    find_jvm "$BASE" "$jvms"
    if [ "$found" != 0 ]; then adopt; else pid=0 birth=0 kill_at=0 deaths=0 not_before=0; write_state; fi
  done
}

own_hash() { sha256sum "$SELF" 2>/dev/null | cut -c1-64; }

cmd_run() {
  mkdir -p "$NODES"
  exec 9>"$LOCK"
  # A moment of patience: the `sleep` of an agent that was killed may still hold the lock.
  flock -w 2 9 || fail 1 'another agent runs already'
  put "$STATE/agent.pid" "$$"
  leaving=0
  trap 'leaving=1' TERM INT
  hash=$(own_hash) looks=0
  # A reload becomes whatever lies here at the next look at itself; the JVMs stay.
  trap 'hash=reload' HUP
  link_java
  find_running
  event agent running "pid $$"
  while look; [ "$leaving" = 0 ] || [ "$alive" != 0 ]; do
    sleep "$LOOK" 9>&-
    looks=$((looks + 1))
    if [ "$leaving" = 0 ] && [ $((looks % LOOKS_PER_SELF_CHECK)) = 0 ] && [ "$(own_hash)" != "$hash" ] && sh -n "$SELF"; then
      # A newer agent lies here: become it. The JVMs stay, they are found again.
      event agent replaced ''
      exec sh "$SELF" run
    fi
  done
  event agent left ''
}

# Whether the agent is alive and turns: one that was stopped (SIGSTOP) holds its lock all the same.
agent_runs() {
  [ -e "$LOCK" ] && ! flock -n "$LOCK" true || return 1
  first_line "$STATE/agent.pid"
  if is_number "$value" && read_process "$value"; then case $letter in T | t) return 1 ;; esac; fi
  return 0
}

# Lets an agent that was stopped go on. One that does not live is started by what supervises it.
cmd_wake() {
  first_line "$STATE/agent.pid"
  if is_number "$value" && read_process "$value"; then case $letter in T | t) signal CONT "$value" ;; esac; fi
  :
}

# --- looking -------------------------------------------------------------------------------------------------------

# The role by the log of this life of the JVM: "role<TAB>line". The broker's user reads, see `launch`.
log_role() {
  log=$BASE/data/activemq.log
  inode=0 size=0
  [ -f "$NODES/$NODE/log-start" ] && read -r inode size <"$NODES/$NODE/log-start"
  if [ "$inode" = 0 ] || [ "$(stat -c %i "$log" 2>/dev/null)" = "$inode" ]; then
    as_user "$RUN_UID" "$RUN_GID" tail -c "+$((size + 1))" "$log" 2>/dev/null
  else
    # Rotated since: in the order of writing, with what was there before at the front, where it loses.
    # shellcheck disable=SC2016
    as_user "$RUN_UID" "$RUN_GID" sh -c 'ls -tr "$1"* 2>/dev/null | while IFS= read -r file; do cat "$file"; done' sh "$log"
  fi | WAITS=$WAITS_LINE awk '
    ENVIRON["WAITS"] != "" && index($0, ENVIRON["WAITS"]) { role = "slave"; line = $0 }
    /is locked by another server\. This broker is now in slave mode/ { role = "slave"; line = $0 }
    /Apache ActiveMQ [0-9][^ ]* \(.*\) started( |$)/ { role = "master"; line = $0 }
    /Failed to start Apache ActiveMQ|ERROR.*Failed to load: / { role = "failed"; line = $0 }
    /Refreshing .*XBean|Using Persistence Adapter: |Apache ActiveMQ [0-9][^ ]* \(.*\) is starting/ {
      role = "starting"; line = $0 }
    # After a failed start the shutdown is its consequence, not news.
    /Apache ActiveMQ [0-9][^ ]* \(.*\) is (shutting down|shutdown)/ { if (role != "failed") { role = "none"; line = $0 } }
    END { if (role == "") role = "none"; gsub(/[[:cntrl:]]/, " ", line); print role "\t" substr(line, 1, 300) }'
}

# $role and $line. A busy broker may have rotated its role line away: the last one seen in this life is kept.
read_role() {
  seen=$(log_role)
  if [ "${seen%%	*}" = none ] && [ "$seen" = 'none	' ]; then
    first_line "$NODES/$NODE/role"
    case $value in "$born	"*) seen=${value#*	} ;; esac
  else put "$NODES/$NODE/role" "$born	$seen"; fi
  role=${seen%%	*} line=${seen#*	}
}

# Ports of process $1 in LISTEN state: its socket inodes joined with the kernel's table.
# As the broker's user: root in a container has no CAP_SYS_PTRACE and may not read what others have open.
listening() {
  # shellcheck disable=SC2012
  as_user "$RUN_UID" "$RUN_GID" ls -l "/proc/$1/fd" 2>/dev/null | awk '
    function number(hex,   n, i) { n = 0; for (i = 1; i <= length(hex); i++) n = n * 16 + index("0123456789ABCDEF", substr(hex, i, 1)) - 1; return n }
    FILENAME == "-" { if (match($0, /socket:\[[0-9]+\]/)) mine[substr($0, RSTART + 8, RLENGTH - 9)] = 1; next }
    $4 == "0A" && ($10 in mine) { split($2, address, ":"); port = number(address[2]); if (!(port in out)) { out[port] = 1; list = list (list == "" ? "" : ",") port } }
    END { print list }' - /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# Who holds the lock file of the store. Other pid namespaces show no pid or nothing at all, so "free" is what this host
# can say. The device is compared only for others: layered file systems show another one than stat.
lock_holder() {
  if [ -z "$STORE" ] || [ ! -d "$STORE" ]; then echo unknown; return; fi
  id=$(stat -c '%d %i' "$STORE/lock" 2>/dev/null) || { echo free; return; }
  device=${id% *} file=${id#* }
  awk -v pid="$1" -v file="$file" -v device="$(printf '%02x:%02x' $((device >> 8 & 4095)) $((device & 255 | device >> 12 & 1048320)))" '
    $2 == "->" { next }
    { split($6, at, ":"); if (at[3] != file) next; if ($5 == pid) held = 1; else if (at[1] ":" at[2] == device) other = 1 }
    END { print held ? "held" : other ? "held-by-other" : "free" }' /proc/locks 2>/dev/null || echo unknown
}

store_writable() {
  [ -n "$STORE" ] || { echo 1; return; }
  # shellcheck disable=SC2016
  as_user "$RUN_UID" "$RUN_GID" sh -c '[ -d "$1" ] && [ -w "$1" ] && [ -x "$1" ] && { [ ! -e "$1/lock" ] || [ -w "$1/lock" ]; }' \
    sh "$STORE" 2>/dev/null && echo 1 || echo 0
}

# A file that others can read, that the broker cannot, or that was changed since it was put here counts as none: it is
# then written anew. Its hash lies beside the launch file, for root only, and is never shown.
credentials_version() {
  first_line "$NODES/$NODE/credentials.sha256"; wanted_hash=$value
  first_line "$BASE/conf/credentials.properties"
  value=${value#'# everbroker-credentials-version='}
  is_number "$value" && [ "$(stat -c '%a %u' "$BASE/conf/credentials.properties")" = "600 $RUN_UID" ] || value=0
  [ -z "$wanted_hash" ] || [ "$value" = 0 ] ||
    [ "$(sha256sum <"$BASE/conf/credentials.properties" | cut -c1-64)" = "$wanted_hash" ] || value=0
  # Key stores hold secrets too and go with the credentials.
  [ ! -f "$NODES/$NODE/tls.sha256" ] || sha256sum -c --status "$NODES/$NODE/tls.sha256" 2>/dev/null || value=0
}

# Keys "name=value" apart by blanks; the log line comes last and takes the rest. $1: list of JVMs.
print_node() {
  first_line "$NODES/$NODE/desired"; out="node name=$NODE desired=${value:-unknown}"
  find_jvm "$BASE" "$1"
  ports='' role=none line=''
  if [ "$found" != 0 ]; then
    read_now
    out="$out pid=$found state=$letter uptime=$(((now - born) * 10))"
    ports=$(listening "$found")
    read_role
    first_line "$NODES/$NODE/started-with"; [ -z "$value" ] || out="$out launched=$value"
  elif [ -f "$NODES/$NODE/log-start" ]; then
    # Nobody lives here any more; only a failed start is still news.
    seen=$(log_role)
    case $seen in failed*) role=failed line=${seen#*	} ;; esac
  fi
  [ ! -f "$NODES/$NODE/launch" ] || out="$out current=$(fingerprint "$NODE")"
  out="$out listening=$ports role=$role lock=$(lock_holder "$found") writable=$(store_writable)"
  credentials_version; out="$out credentials=$value"
  first_line "$NODES/$NODE/starts"; out="$out starts=${value:-0}"
  printf '%s line=%s\n' "$out" "$line"
}

# A service in one line, as a node is told. `granted` says for whom its accounts were made last.
print_service() {
  first_line "$NODES/$NODE/desired"; out="service name=$NODE desired=${value:-unknown}"
  find_jvm "$BASE" "$1"
  ports=''
  if [ "$found" != 0 ]; then
    out="$out pid=$found state=$letter"
    ports=$(listening "$found")
    first_line "$NODES/$NODE/started-with"; [ -z "$value" ] || out="$out launched=$value"
  fi
  installed=0; [ -x "$COMMAND" ] && [ -d "$BASE/data/db" ] && installed=1
  first_line "$NODES/$NODE/granted"
  out="$out current=$(fingerprint "$NODE") listening=$ports installed=$installed granted=$value"
  first_line "$NODES/$NODE/starts"; printf '%s starts=%s\n' "$out" "${value:-0}"
}

# Hash of each managed file; of the credentials none, ever.
print_files() {
  set -- "$SELF" "$STATE/manifest.json" "$@"
  for file in "$@" "$NODES"/*/launch; do
    case $file in */credentials.properties) ;; *) [ -f "$file" ] && printf '%s\0' "$file" ;; esac
  done | xargs -0 -r sha256sum 2>/dev/null | while read -r hash file; do
    case $file in "$STATE/manifest.json") echo "manifest $hash" ;; "$SELF") echo "agent $hash" ;; esac
    echo "file $hash $file"
  done
}

# Starting a JVM to ask its version costs 50 ms and more, so the answer is kept for this very binary.
print_java() {
  home=$(readlink -e "$STATE/java") || { home=$(command -v java) && home=$(readlink -e "$home") && home=${home%/bin/java}; } || return
  [ -x "$home/bin/java" ] || return
  key="$home $(stat -Lc '%Y %s' "$home/bin/java")"
  first_line "$STATE/java.seen"
  if [ "${value%%|*}" != "$key" ]; then
    text=$("$home/bin/java" -version 2>&1 | tr '\n' ' ') || return
    value="$key|${text% }"
    # Sent to a machine that nobody prepared, this look changes nothing there.
    [ ! -d "$STATE" ] || put "$STATE/java.seen" "$value"
  fi
  echo "java $home|${value#*|}"
}

# What a Java or a class-data archive is chosen by. A Java that is there becomes the host's own on the way.
cmd_java() {
  link_java
  echo "architecture $(uname -m)"
  print_java
  echo end
}

print_line_of() { first_line "$2"; [ -z "$value" ] || echo "$1 $value"; }

print_host() {
  echo "clock $(date +%s%3N)"
  if agent_runs; then echo 'running 1'; fi
  echo "architecture $(uname -m)"
  print_line_of owner "$OWNER"
  print_line_of public-key "$STATE/host.pub"
  print_line_of probe "$STATE/probe/hash"
  print_line_of secrets-version "$STATE/secrets.version"
  print_java
  for file in "$ROOT"/.activemq/*/.complete; do
    [ -f "$file" ] || continue
    file=${file%/.complete}
    case $file in *.part-*) ;; *) echo "home ${file##*/}" ;; esac
  done
  for file in "$ROOT"/.cds/*.key; do [ -f "${file%.key}.jsa" ] && print_line_of class-data "$file"; done
  if getent passwd "$1" >/dev/null; then echo 'user 1'; fi
}

# observe ROOT UID NODE=STORE…: those nodes, also when they have no launch file yet, and all that have one.
cmd_observe() {
  [ $# -ge 2 ] || fail 2 'usage: observe ROOT UID NODE=STORE…'
  ROOT=$1 user=$2; shift 2
  print_host "$user"
  jvms=$(list_jvms) named=' ' confs="$ROOT/.drivers/*"
  for arg in "$@"; do
    name=${arg%%=*}; check_name "$name"; named="$named$name "
    if ! read_launch "$name"; then BASE=$ROOT/$name RUN_UID=$user RUN_GID=$user; fi
    STORE=${arg#*=}
    print_node "$jvms"
    confs="$confs $BASE/conf/*"
  done
  for file in "$NODES"/*/launch; do
    name=${file%/launch} name=${name##*/}
    case $named in *" $name "*) continue ;; esac
    read_launch "$name" || continue
    if [ -n "$COMMAND" ]; then print_service "$jvms"; confs="$confs $BASE/access/*"; else print_node "$jvms"; fi
    confs="$confs $BASE/conf/*"
  done
  # Paths of a topology hold no blanks, see its schema; unquoted so that they expand.
  # shellcheck disable=SC2086
  print_files $confs
  echo end
}

# --- telling the running agent, and waiting for it ------------------------------------------------------------------

jvm_lives() { find_jvm "$BASE" "$(list_jvms)"; [ "$found" != 0 ]; }

# Sets what is wanted; an armed timer ends, because somebody has decided otherwise.
want() { mkdir -p "$NODES/$1"; rm -f "$NODES/$1/down-until"; put "$NODES/$1/desired" "$2"; }

cmd_stop() { # NODE down|fenced
  check_name "$1"
  if ! read_launch "$1"; then want "$1" "$2"; echo already; return; fi
  lived=0; jvm_lives && lived=1
  rm -f "$NODES/$1/ended"
  want "$1" "$2"
  [ "$lived" = 1 ] || { echo already; return; }
  agent_runs || fail 5 "no agent runs that could stop $1"
  rounds=$(((STOP_SECONDS + 10) * 10))
  # Gone, and told how by the agent: only then may files be removed.
  until ! jvm_lives && [ -f "$NODES/$1/ended" ]; do
    rounds=$((rounds - 1)); [ "$rounds" -gt 0 ] || fail 4 "$1 did not stop"
    sleep 0.1
  done
  first_line "$NODES/$1/ended"; echo "$value"
}

cmd_up() {
  check_name "$1"
  read_launch "$1" || fail 2 "$1 has no launch file that can be used"
  if jvm_lives; then want "$1" up; read_state "$1"; if [ "$kill_at" = 0 ]; then echo already; return; fi; fi
  agent_runs || fail 5 "no agent runs that could start $1"
  first_line "$NODES/$1/starts"; before=${value:-0}
  rm -f "$NODES/$1/waiting"
  want "$1" up; : >"$NODES/$1/retry"
  rounds=$(((STOP_SECONDS + 10) * 10))
  until first_line "$NODES/$1/starts"; [ "${value:-0}" != "$before" ]; do
    rounds=$((rounds - 1))
    first_line "$NODES/$1/waiting"
    [ "$rounds" -gt 0 ] || fail 4 "$1 was not started${value:+: it waits for $value}"
    sleep 0.1
  done
  echo started
}

cmd_kill() {
  check_name "$1"
  read_launch "$1" || fail 2 "$1 has no launch file"
  jvm_lives || fail 3 "$1 does not run"
  signal KILL "$found" && echo "killed $found"
}

last_lines() {
  for log in console.log activemq.log; do as_user "$RUN_UID" "$RUN_GID" tail -n 30 "$BASE/data/$log" 2>/dev/null; done | tail -n 30
}

# Log lines after which a look may find something.
TELLING='in slave mode|Failed to|ERROR|Connector [^ ]* started'

# Whether a look could find something new: the process came or went, the log has another telling line, or a service
# listens. A look has two dozen forks; ten a second for each node that starts took more of the cores than a slave, and so
# did reading the kernel's table of ports in the shell. So each time only the time of the log is asked, its text when it
# was written; of services, which have no such log, the table, by one grep.
worth_a_look() {
  read_state "$1"
  if [ "$pid" = 0 ] || ! read_process "$pid"; then return 0; fi
  # Every two seconds everything is looked at: logs can be configured otherwise, and a line written within the same tick
  # as the mark does not make the log newer.
  rounds=$(((rounds + 1) % 20))
  if [ "$pid" != "$looked_at" ]; then
    looked_at=$pid told=''
    # Where this life's part of the log begins.
    size=0; [ -f "$NODES/$1/log-start" ] && read -r _ size <"$NODES/$1/log-start"
    skip=$((size + 1))
    # One that was started a moment ago has nothing to show yet.
    read_now; [ $((now - born)) -ge 50 ]; return
  fi
  if [ "$rounds" = 0 ]; then return 0; fi
  if [ -n "$COMMAND" ]; then grep -qsE ":$openwire_hex 0+:0000 0A" /proc/net/tcp6 /proc/net/tcp; return; fi
  [ "$BASE/data/activemq.log" -nt "$mark" ] || return 1
  : >"$mark"
  before=$told
  told=$(as_user "$RUN_UID" "$RUN_GID" tail -c "+$skip" "$BASE/data/activemq.log" 2>/dev/null |
    grep -aE -e "$TELLING" ${WAITS_LINE:+-e "$WAITS_LINE"})
  [ "$told" != "$before" ]
}

# Blocks until node $1 serves or waits as slave. 3: its JVM died or the start failed; 4: not within $2 seconds.
# $3: the role that is expected. Some stores make every node say that it waits before it gets the lock, so from any other
# than a slave that is believed only when it has waited for a while.
cmd_await() {
  check_name "$1"
  is_number "${2:-}" || fail 2 'usage: await NODE SECONDS [ROLE]'
  read_launch "$1" || fail 2 "$1 has no launch file"
  is_number "$OPENWIRE" || fail 2 "the launch file of $1 names no port"
  openwire_hex=$(printf %04X "$OPENWIRE") looked_at=0 rounds=0 told='' skip=1
  mark=$NODES/$1/looked.$$ expected=${3:-} waits_since=''
  : >"$mark"
  # A signal as well: by itself it would end the shell without the other trap.
  trap 'rm -f "$mark"' EXIT
  trap 'exit 143' TERM INT HUP
  read_now; deadline=$((now + $2 * 100)) first=0
  while :; do
    if worth_a_look "$1"; then
      jvms=$(list_jvms); find_jvm "$BASE" "$jvms"
      read_state "$1"
      if [ "$first" = 0 ] && [ "$found" != 0 ]; then first=$found; fi
      if [ "$found" != "$first" ] || { [ "$found" = 0 ] && [ "$deaths" != 0 ]; }; then last_lines; fail 3 "the JVM of $1 ended"; fi
      if [ "$found" != 0 ]; then
        ports=,$(listening "$found"),
        # The port tells a master, and only a node without one may be a slave. The console comes a second later: others
        # need not wait for it with their start, and who verifies roles asks it.
        case $ports in *",$OPENWIRE,"*)
          if [ -n "$COMMAND" ]; then print_service "$jvms"; else print_node "$jvms"; fi; return ;; esac
        read_role
        case $role in
          failed) last_lines; fail 3 "the start of $1 failed" ;;
          slave)
            read_now; waits_since=${waits_since:-$now}
            if [ "$ports" = ,, ] && { [ "$expected" = slave ] || [ $(((now - waits_since) * 10)) -ge "$WAITS_MS" ]; }; then
              print_node "$jvms"; return
            fi ;;
          *) waits_since='' ;;
        esac
      fi
    fi
    read_now; if [ "$now" -ge "$deadline" ]; then last_lines; fail 4 "$1 was not ready within $2 s"; fi
    sleep 0.1
  done
}

# --- ownership: the token of the operation that may change this host -------------------------------------------------

cmd_guard() {
  token=$1; [ "${2:-}" = -- ] || fail 2 'usage: guard TOKEN -- COMMAND…'
  shift 2
  first_line "$OWNER"
  if [ -z "$token" ] || [ "$value" != "$token" ]; then fail 97 'another operation owns this host'; fi
  exec "$@"
}

cmd_claim() { [ -n "$1" ] || fail 2 'a token is needed'; umask 077; put "$OWNER" "$1"; }

cmd_release() { first_line "$OWNER"; [ "$value" = "$1" ] || fail 97 'another operation owns this host'; rm -f "$OWNER"; }

command=${1:-}
[ $# -gt 0 ] && shift
case $command in
  run) cmd_run ;;
  observe) cmd_observe "$@" ;;
  java) cmd_java ;;
  await) cmd_await "${1:-}" "${2:-}" "${3:-}" ;;
  up) cmd_up "${1:-}" ;;
  down) cmd_stop "${1:-}" down ;;
  service) check_name "${1:-}"; read_launch "$1" && print_service "$(list_jvms)" ;;
  fence) cmd_stop "${1:-}" fenced ;;
  kill) cmd_kill "${1:-}" ;;
  wake) cmd_wake ;;
  guard) cmd_guard "$@" ;;
  claim) cmd_claim "${1:-}" ;;
  release) cmd_release "${1:-}" ;;
  *) fail 2 'usage: agent.sh run|wake|observe|java|await|up|down|service|fence|kill|guard|claim|release …' ;;
esac
