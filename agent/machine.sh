# What a machine that is no container of Everbroker's shows beside the agent's own look: who it is, what it has, what it
# lacks, and who is in the way. Sent in front of the agent's text, so it works where nothing is installed yet; POSIX sh.
# Before it stand ROOT RUN_UID RUN_USER SERVICE_UID SERVICE_USER PORTS NODE_NAMES STORES as assignments. It changes nothing, and every line begins
# with `machine-`. Other commands than test, read and printf are asked for before they are used.
(
set +eu
STATE=${EVERBROKER_STATE:-/var/lib/everbroker}
say() { printf 'machine-%s\n' "$*"; }
has() { command -v "$1" >/dev/null 2>&1; }

for needed in tar flock setpriv setsid awk sed grep xargs sha256sum stat df getent find chown readlink id; do
  has "$needed" || say "lacks $needed"
done

# /etc/machine-id alone is the same in every copy of an image; the host key alone may be, too.
id=''; [ ! -r /etc/machine-id ] || IFS= read -r id </etc/machine-id
key=''
for file in /etc/ssh/ssh_host_ed25519_key.pub /etc/ssh/ssh_host_ecdsa_key.pub /etc/ssh/ssh_host_rsa_key.pub; do
  [ -r "$file" ] || continue
  read -r _ key _ <"$file"
  key=$(printf %s "$key" | sha256sum | cut -c1-16)
  break
done
say "id ${id:-none}/${key:-none}"

# The name at the manifest's own place: two blanks deep, see core/plan/manifest.ts.
if [ -e "$STATE/manifest.json" ]; then
  name=$(sed -n 's/^  "name": "\([a-z0-9-]*\)",*$/\1/p' "$STATE/manifest.json")
  say "cluster ${name:-?}"
fi
[ ! -f "$STATE/agent.sh" ] || say 'installed 1'

first=''; [ ! -r /proc/1/comm ] || IFS= read -r first </proc/1/comm
say "first-process $first"
if [ -d /run/systemd/system ]; then say 'boot systemd'
elif [ -d /etc/init.d ] && { has update-rc.d || has rc-update || has chkconfig; }; then say 'boot initd'
elif [ -d /etc/cron.d ] && { has cron || has crond; }; then say 'boot cron'
else say 'boot none'; fi
for hook in /etc/systemd/system/everbroker.service /etc/init.d/everbroker /etc/cron.d/everbroker; do
  [ ! -f "$hook" ] || say "hook $(sha256sum <"$hook" | cut -c1-64) $hook"
done

for manager in apt-get dnf yum zypper apk; do if has "$manager"; then say "packages $manager"; break; fi; done

# Who listens on the ports that nodes want: `PORT INODE` of each, then one pass over what processes have open.
taken=$(awk -v ports="$PORTS" '
  BEGIN { count = split(ports, list, " "); for (i = 1; i <= count; i++) want[sprintf("%04X", list[i])] = list[i] }
  $4 == "0A" { split($2, at, ":"); if (at[2] in want) print want[at[2]], $10 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
[ -z "$taken" ] || ls -l /proc/[0-9]*/fd 2>/dev/null | awk -v taken="$taken" '
  BEGIN { count = split(taken, list); for (i = 1; i < count; i += 2) { port[list[i + 1]] = list[i]; seen[list[i]] = "" } }
  /^\/proc\// { split($0, path, "/"); pid = path[3] }
  match($0, /socket:\[[0-9]+\]/) { inode = substr($0, RSTART + 8, RLENGTH - 9); if (inode in port) seen[port[inode]] = pid }
  END { for (one in seen) print one, seen[one] }' | while read -r port pid; do
  command=''
  [ -z "$pid" ] || command=$(tr '\0\n' '  ' <"/proc/$pid/cmdline" 2>/dev/null | cut -c1-80)
  say "port $port $pid $command"
done

# The nearest directory that exists decides; statfs knows read-only mounts, and root can write everywhere else.
for dir in "$STATE" "$ROOT" $STORES; do
  at=$dir
  while [ ! -d "$at" ] && [ "$at" != / ]; do at=${at%/*}; at=${at:-/}; done
  [ -w "$at" ] || say "readonly $dir"
  # Device and free kilobytes: directories on one file system share them.
  df -Pk "$at" 2>/dev/null | awk -v dir="$dir" 'NR == 2 { print "machine-disk " dir " " $(NF - 2) " " $NF }'
done

# A container or slice may have less memory than the machine.
awk '/^MemAvailable:/ { have = $2 } END { print "machine-memory " have }' /proc/meminfo
for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
  [ -r "$file" ] || continue
  IFS= read -r most <"$file"
  case $most in '' | *[!0-9]*) ;; *) say "memory-limit $((most / 1024))" ;; esac
  break
done
say "files $(ulimit -Hn)"

say "uid-user $(getent passwd "$RUN_UID" | cut -d: -f1)"
say "user-uid $(getent passwd "$RUN_USER" | cut -d: -f3)"
if [ -n "$SERVICE_UID" ]; then
  say "service-uid-user $(getent passwd "$SERVICE_UID" | cut -d: -f1)"
  say "service-user-uid $(getent passwd "$SERVICE_USER" | cut -d: -f3)"
fi

# An ActiveMQ that somebody else put where ours is to be. A node that the agent knows is ours.
for file in "$ROOT"/bin/activemq "$ROOT"/*/bin/activemq "$ROOT"/*/bin/activemq.jar; do
  [ ! -e "$file" ] || say "foreign ${file%/bin/*}"
done
for node in $NODE_NAMES; do
  if [ -e "$ROOT/$node/conf/activemq.xml" ] && [ ! -e "$STATE/nodes/$node/launch" ]; then say "foreign $ROOT/$node"; fi
done
for store in $STORES; do [ ! -e "$store" ] || say "store $store"; done
say end
) </dev/null
