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

# The same for node $1 by the agent's note, as long as that very process lives: a search costs four forks. Also what else
# the note says, see read_state.
find_noted() {
  read_state "$1"
  if [ "$pid" != 0 ] && read_process "$pid" && [ "$born" = "$birth" ]; then found=$pid; else find_jvm "$BASE" "$(list_jvms)"; fi
}

# Runs a command as user $1, group $2, without any way back to root.
as_user() {
  uid=$1 gid=$2; shift 2
  if [ "$ME" = "$uid" ]; then "$@"; else setpriv --reuid="$uid" --regid="$gid" --clear-groups "$@"; fi
}

signal() { kill -"$1" "$2" 2>/dev/null; }
