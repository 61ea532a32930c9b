# --- faults of drills ----------------------------------------------------------------------------------------------
# What is broken on purpose, and what undoes it. Each has a directory below $FAULTS, named by its id, with
#   armed   "KIND NODE HOLD_MS DEADLINE BOOT PID BIRTH": the dead-man timer. It lies there before the deed, and the running
#           agent obeys it: after a restart too, and whoever wrote it may be dead. PID is the process that is hit.
#   done    "MS DETAIL": since when it was in force
#   healed  "MS drill|timer|itself DETAIL": it is over; `armed` has become `closed`
# Who changes any of it holds the lock, so that no deed comes after its healing.

MOST_BYTES=1073741824   # a file system above this is none for tests: it is not filled

now_ms() { date +%s%3N; }

# The fault with id $1 from its file $2 into variables; false when there is none.
read_fault() {
  kind='' target='' hold_ms=0 deadline=0 of_boot='' victim=0 victim_birth=''
  [ -f "$FAULTS/$1/$2" ] && read -r kind target hold_ms deadline of_boot victim victim_birth 2>/dev/null <"$FAULTS/$1/$2"
  [ -n "$victim_birth" ]
}

victim_lives() { [ "$victim" != 0 ] && read_process "$victim" && [ "$born" = "$victim_birth" ]; }

# The agent is told that it was on purpose: such deaths put off no start.
kill_victim() {
  victim_lives || return 0
  : >"$NODES/$target/on-purpose"
  signal KILL "$victim"
}

# At most $1 times 10 ms.
await_death() {
  tries=$1
  while victim_lives && [ "$tries" -gt 0 ]; do tries=$((tries - 1)); sleep 0.01; done
}

filler() { echo "$STORE/.everbroker-fill-$1"; }

# Whether the victim holds a lock file that is no longer the store's.
lock_deleted() {
  # shellcheck disable=SC2012
  victim_lives && as_user "$RUN_UID" "$RUN_GID" ls -l "/proc/$victim/fd" 2>/dev/null | grep -q -- '-> .*/lock (deleted)$'
}

# Filled are only file systems that somebody made small for it: never one on which anything else depends.
check_disk() {
  [ -n "$STORE" ] && [ -d "$STORE" ] || fail 6 "the store of $NODE is no directory"
  device=$(stat -c %d "$STORE")
  for other in / "$STATE"; do
    [ "$(stat -c %d "$other")" != "$device" ] || fail 6 "the store of $NODE is on the file system of $other"
  done
  # shellcheck disable=SC2046
  set -- $(stat -f -c '%b %S' "$STORE")
  [ $(($1 * $2)) -le "$MOST_BYTES" ] || fail 6 "the file system of $NODE's store has more than $((MOST_BYTES / 1048576)) MiB"
}

# What a fault of kind $1 needs of node $2, whose launch file was read: nothing of it changes while a drill runs.
check_needs() {
  case $1 in
    restart-service) [ -n "$COMMAND" ] || fail 6 "$2 is no service" ;;
    kill | stop | freeze | replace-lock | disk-full) [ -z "$COMMAND" ] || fail 6 "$2 is no broker" ;;
    *) fail 2 "no such fault: $1" ;;
  esac
  case $1 in
    replace-lock) [ -n "$STORE" ] && [ -e "$STORE/lock" ] || fail 6 "the store of $2 has no lock file" ;;
    disk-full) check_disk ;;
  esac
}

# The agent that runs must know of timers: a newer file becomes it only after some seconds.
agent_obeys() {
  agent_runs || fail 5 'no agent runs that could heal the fault'
  rounds=100
  until first_line "$STATE/agent.hash"; [ "$value" = "$(own_hash)" ]; do
    rounds=$((rounds - 1)); [ "$rounds" -gt 0 ] || fail 5 'the agent that runs is of another version'
    sleep 0.1
  done
}

# Arms the timer of fault $1, of kind $2 on node $3, for $4 ms.
arm() {
  for file in "$FAULTS"/*/armed; do
    other=''
    if [ -f "$file" ] && read -r _ other _ 2>/dev/null <"$file" && [ "$other" = "$3" ]; then fail 6 "another fault holds $3"; fi
  done
  check_needs "$2" "$3"
  found=0 born=0
  case $2 in disk-full) ;; *) jvm_lives || fail 3 "$3 does not run" ;; esac
  # A broker looks at its lock once a second; when it does not mind the new one, it is made to.
  wait_ms=$4
  if [ "$2" = replace-lock ] && [ "$wait_ms" -lt 10000 ]; then wait_ms=10000; fi
  # Shorter, and the agent might not see at all that the node is to be down.
  case $2 in stop | restart-service) [ "$wait_ms" -ge 1000 ] || wait_ms=1000 ;; esac
  read_now; read_boot
  put "$FAULTS/$1/armed" "$2 $3 $4 $((now + wait_ms / 10)) $boot $found $born"
}

# The deed. It is repeated when the command was cut before it was told, so what was done is found. Into $at and $detail.
break_it() {
  at=$(now_ms) detail="pid $victim"
  case $kind in
    kill)
      # The death first, then the hold: the agent gives a node half a second before it starts it again, and a node that
      # is to be down would get TERM.
      kill_victim
      # Who heals at once must not find it alive. The hold does not wait for the end of a death that takes long.
      await_death 30
      [ "$hold_ms" = 0 ] || put "$NODES/$target/down-until" "$deadline $of_boot"
      await_death 500 ;;
    stop | restart-service) put "$NODES/$target/down-until" "$deadline $of_boot" ;;
    freeze)
      signal STOP "$victim"
      tries=0
      while victim_lives && [ "$letter" != T ] && [ "$tries" -lt 500 ]; do tries=$((tries + 1)); sleep 0.01; done ;;
    replace-lock)
      lock_deleted || as_user "$RUN_UID" "$RUN_GID" sh -c ': >"$1/lock.new" && mv -f "$1/lock.new" "$1/lock"' sh "$STORE" ||
        fail 6 "the lock file of $target could not be replaced" ;;
    disk-full)
      # shellcheck disable=SC2016
      as_user "$RUN_UID" "$RUN_GID" sh -c 'cat /dev/zero >"$1"' sh "$(filler "$id")" 2>/dev/null
      left=$(stat -f -c %a "$STORE")
      at=$(now_ms) detail="$left blocks left on $STORE"
      if [ "$left" -gt 16 ]; then undo; conclude itself 'it could not be done'; fail 6 "$STORE did not become full"; fi ;;
  esac
}

# Takes back what the agent's timer or a caller can; a node that is held down is let go by `down-until`.
undo() {
  case $kind in
    # Also when it is not stopped yet: CONT takes back a STOP that is still to come.
    freeze) if victim_lives; then signal CONT "$victim"; fi ;;
    disk-full) as_user "$RUN_UID" "$RUN_GID" rm -f "$(filler "$id")" ;;
    replace-lock) if lock_deleted; then kill_victim; fi ;;
  esac
}

# Who ends the fault that was read, into $how: $1, or nobody has to.
by_whom() {
  how=$1
  case $kind in
    freeze) victim_lives || how=itself ;;
    kill) [ "$hold_ms" != 0 ] || how=itself ;;
    replace-lock) lock_deleted || how=itself ;;
  esac
}

conclude() { # HOW DETAIL
  put "$FAULTS/$id/healed" "$(now_ms) $1 $2"
  mv -f "$FAULTS/$id/armed" "$FAULTS/$id/closed"
  event "$target" fault-healed "$id $kind by $1"
}

lock_faults() {
  mkdir -p "$FAULTS"
  exec 8>"$FAULTS/lock"
  flock -w 20 8 || fail 4 'another fault is being done or healed'
}

# By the running agent, each look: no fork while no timer has run out.
tend_faults() {
  for file in "$FAULTS"/*/armed; do
    [ -f "$file" ] || continue
    id=${file%/armed} id=${id##*/}
    read_fault "$id" armed || continue
    if ! passed "$deadline" "$of_boot"; then
      # The process that was frozen can be gone before its time: the watchdog, or a stop of the host.
      if [ "$kind" != freeze ] || [ ! -f "$FAULTS/$id/done" ] || victim_lives; then continue; fi
    fi
    exec 8>"$FAULTS/lock"
    # Held: a command is at it, perhaps at this very fault.
    if flock -n 8 && read_fault "$id" armed; then
      read_launch "$target" || :
      by_whom timer
      undo
      conclude "$how" ''
    fi
    exec 8>&-
  done
}

tell_done() { first_line "$FAULTS/$id/done"; echo "injected $value"; }
tell_healed() { first_line "$FAULTS/$id/healed"; echo "healed $value"; }

fault_inject() { # ID KIND NODE MS
  [ $# = 4 ] && is_number "$4" || fail 2 'usage: fault inject ID KIND NODE MS'
  id=$1; check_name "$3"
  lock_faults
  if [ -f "$FAULTS/$id/done" ]; then tell_done; return; fi
  [ ! -f "$FAULTS/$id/healed" ] || fail 6 "fault $id was healed before it was done"
  read_launch "$3" || fail 3 "$3 has no launch file"
  agent_obeys
  if ! read_fault "$id" armed; then
    mkdir -p "$FAULTS/$id"
    arm "$@"
    read_fault "$id" armed || fail 1 "the timer of fault $id could not be armed"
  elif [ "$hold_ms" != 0 ] && passed "$deadline" "$of_boot"; then fail 6 "the time of fault $id is up"
  fi
  break_it
  put "$FAULTS/$id/done" "$at $kind $target: $detail"
  event "$target" fault-injected "$id $kind"
  tell_done
}

fault_heal() { # ID
  id=$1
  lock_faults
  if [ -f "$FAULTS/$id/healed" ]; then tell_healed; return; fi
  if ! read_fault "$id" armed; then
    # A command that is late must not break anything any more.
    mkdir -p "$FAULTS/$id"
    put "$FAULTS/$id/healed" "$(now_ms) itself it was never injected"
    tell_healed; return
  fi
  read_launch "$target" || :
  by_whom drill
  case $kind in kill | stop | restart-service)
    # Not concluded when it fails: the timer stays armed.
    (cmd_up "$target") >/dev/null || exit ;;
  esac
  undo
  tries=0
  while present && [ "$tries" -lt 50 ]; do tries=$((tries + 1)); sleep 0.1; done
  if present; then fail 4 "fault $id is still there: $detail"; fi
  conclude "$how" ''
  tell_healed
}

# Whether the fault that was read is in force: looked at, not believed. Says what was seen in $detail.
present() {
  case $kind in
    kill | stop | restart-service)
      [ ! -f "$NODES/$target/down-until" ] || { detail="$target is held down"; return 0; }
      jvm_lives || { detail="$target does not run"; return 0; }
      detail="$target runs, pid $found" ;;
    freeze)
      if ! victim_lives; then detail="process $victim is gone"; return 1; fi
      detail="process $victim is in state $letter"
      [ "$letter" = T ]; return ;;
    replace-lock)
      if lock_deleted; then detail="process $victim holds a lock file that is gone"; return 0; fi
      detail="process $victim holds no lock file that is gone" ;;
    disk-full)
      detail="$(stat -f -c %a "$STORE" 2>/dev/null) blocks are free on $STORE"
      [ -e "$(filler "$id")" ]; return ;;
  esac
  return 1
}

fault_look() { # ID
  id=$1
  if ! read_fault "$id" armed && ! read_fault "$id" closed; then echo 'fault present=0 expired=0 it was never injected'; return; fi
  read_launch "$target" || :
  seen=0; present && seen=1
  expired=0; first_line "$FAULTS/$id/healed"; case $value in *' timer '*) expired=1 ;; esac
  echo "fault present=$seen expired=$expired $kind $target: $detail"
}

# Before a drill begins: whether the fault could be done, by what does not depend on the moment.
fault_check() { # KIND NODE
  [ $# = 2 ] || fail 2 'usage: fault check KIND NODE'
  check_name "$2"
  read_launch "$2" || fail 3 "$2 has no launch file"
  check_needs "$@"
  echo possible
}

cmd_fault() {
  verb=${1:-}; [ $# -ge 2 ] || fail 2 'usage: fault check|inject|heal|look …'
  check_name "$2"; shift
  case $verb in
    inject) fault_inject "$@" ;;
    heal) fault_heal "$1" ;;
    look) fault_look "$1" ;;
    check) fault_check "$@" ;;
    *) fail 2 'usage: fault check|inject|heal|look …' ;;
  esac
}
