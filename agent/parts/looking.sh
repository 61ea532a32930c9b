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
    ENVIRON["WAITS"] != "" && $0 ~ ENVIRON["WAITS"] { role = "slave"; line = $0 }
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
  else
    first_line "$NODES/$NODE/role"
    [ "$value" = "$born	$seen" ] || put "$NODES/$NODE/role" "$born	$seen"
  fi
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

# Who holds the lock file of the store, into $lock. Other pid namespaces show no pid or nothing at all, so "free" is what this
# host can say. The device is compared only for others: layered file systems show another one than stat.
lock_holder() {
  lock=unknown
  if [ -z "$STORE" ] || [ ! -d "$STORE" ]; then return; fi
  lock=free
  id=$(stat -c '%d %i' "$STORE/lock" 2>/dev/null) || return 0
  lock=$(awk -v pid="$1" -v file="${id#* }" -v device="${id% *}" '
    # As /proc/locks writes it, "major:minor" in hexadecimal digits, from the number that stat gives.
    BEGIN { major = int(device / 256) % 4096; minor = device % 256 + int(device / 1048576) * 256; at_device = sprintf("%02x:%02x", major, minor) }
    $2 == "->" { next }
    { split($6, at, ":"); if (at[3] != file) next; if ($5 == pid) held = 1; else if (at[1] ":" at[2] == at_device) other = 1 }
    END { print held ? "held" : other ? "held-by-other" : "free" }' /proc/locks 2>/dev/null) || lock=unknown
}

# Whether the broker's user could use the store, into $writable.
store_writable() {
  writable=1
  [ -n "$STORE" ] || return 0
  # shellcheck disable=SC2016
  as_user "$RUN_UID" "$RUN_GID" sh -c '[ -d "$1" ] && [ -w "$1" ] && [ -x "$1" ] && { [ ! -e "$1/lock" ] || [ -w "$1/lock" ]; }' \
    sh "$STORE" 2>/dev/null || writable=0
}

# A file that others can read, that the broker cannot, or that was changed since it was put here counts as none: it is
# then written anew. Its hash lies beside the launch file, for root only, and is never shown.
credentials_version() {
  first_line "$NODES/$NODE/credentials.sha256"; wanted_hash=$value
  first_line "$BASE/conf/credentials.properties"
  value=${value#'# everbroker-credentials-version='}
  is_number "$value" && [ "$(stat -c '%a %u' "$BASE/conf/credentials.properties")" = "600 $RUN_UID" ] || value=0
  [ -z "$wanted_hash" ] || [ "$value" = 0 ] ||
    [ "$(sha256sum <"$BASE/conf/credentials.properties")" = "$wanted_hash  -" ] || value=0
  # Key stores hold secrets too and go with the credentials.
  [ ! -f "$NODES/$NODE/tls.sha256" ] || sha256sum -c --status "$NODES/$NODE/tls.sha256" 2>/dev/null || value=0
}

# What the process $found of the node shows: its ports into $ports, its role by its log into $role and $line.
read_jvm() { ports=$(listening "$found"); read_role; }

# $1: list of JVMs.
print_node() {
  find_jvm "$BASE" "$1"
  ports='' role=none line=''
  if [ "$found" != 0 ]; then read_jvm
  elif [ -f "$NODES/$NODE/log-start" ]; then
    # Nobody lives here any more; only a failed start is still news.
    seen=$(log_role)
    case $seen in failed*) role=failed line=${seen#*	} ;; esac
  fi
  print_looked
}

# Of a node that was looked at: keys "name=value" apart by blanks; the log line comes last and takes the rest.
print_looked() {
  first_line "$NODES/$NODE/desired"; out="node name=$NODE desired=${value:-unknown}" value=''
  # The store that it runs on; of one that does not run, the store that it was configured for, as long as it is. One that has
  # never run has left nothing anywhere: a store that could not be reached at its first deployment may be another one at the next.
  if [ "$found" != 0 ]; then first_line "$NODES/$NODE/started-on"
  elif [ -f "$BASE/conf/activemq.xml" ] && [ -f "$NODES/$NODE/started-on" ]; then value=$STORE_ID; fi
  [ -z "$value" ] || out="$out store=$value"
  if [ "$found" != 0 ]; then
    read_now
    out="$out pid=$found state=$letter uptime=$(((now - born) * 10))"
    first_line "$NODES/$NODE/started-with"; [ -z "$value" ] || out="$out launched=$value"
  fi
  if [ -f "$NODES/$NODE/launch" ]; then fingerprint "$NODE"; out="$out current=$print"; fi
  lock_holder "$found"
  store_writable
  out="$out listening=$ports role=$role lock=$lock writable=$writable"
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
  out="$out listening=$ports installed=$installed granted=$value"
  fingerprint "$NODE"; out="$out current=$print"
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
