# --- starting and stopping, by the running agent only ---------------------------------------------------------------

# One hash over what a JVM is started from: conf and launch file. Of the credentials only the version goes in, because
# a hash that is shown must not help to guess a password. Into $print.
fingerprint() {
  set -- "$NODES/$1/launch"
  for file in "$BASE"/conf/*; do
    case $file in */credentials.properties) ;; *) [ -f "$file" ] && set -- "$@" "$file" ;; esac
  done
  first_line "$BASE/conf/credentials.properties"
  print=$({ sha256sum "$@" 2>/dev/null | sort; echo "$value"; } | sha256sum)
  print=${print%% *}
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
  fingerprint "$NODE"; echo "$print" >"$NODES/$NODE/started-with"
  put "$NODES/$NODE/started-on" "$STORE_ID"
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

# 0.5, 1, 2, 4 … 30 s: the first death is answered at once, a node that cannot live does not eat the host. A death on
# purpose says nothing of that: after a few drills in a row a node was off for longer than a drill waits for it.
back_off() {
  if [ -f "$NODES/$NODE/on-purpose" ]; then rm -f "$NODES/$NODE/on-purpose"; deaths=0; fi
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

# What is wanted of a node now, into $wanted. `down-until` ("MOMENT BOOT") outranks `desired` and undoes itself: whoever
# armed it may die, and so may this agent.
read_wanted() {
  first_line "$NODES/$1/desired"; wanted=${value:-down}
  [ -f "$NODES/$1/down-until" ] || return 0
  moment='' of_boot=''
  read -r moment of_boot _ 2>/dev/null <"$NODES/$1/down-until"
  if is_number "$moment" && ! passed "$moment" "$of_boot"; then wanted=down; return; fi
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
    up)
      if [ "$pid" = 0 ]; then [ "$now" -lt "$not_before" ] || start_node
      elif [ "$kill_at" != 0 ]; then stop_node
      else watch; fi ;;
    *)
      if [ "$pid" != 0 ]; then stop_node; alive=$((alive + 1))
      elif [ "$deaths" != 0 ]; then deaths=0 not_before=0; write_state; fi ;;
  esac
}

look() {
  read_now
  alive=0
  prepare_watch
  for dir in "$NODES"/*/; do [ -d "$dir" ] || continue; dir=${dir%/}; tend "${dir##*/}"; done
  tend_faults
  [ $((looks % LOOKS_PER_RECORDERS)) != 0 ] || tend_recorders
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
  put "$STATE/agent.hash" "$hash"
  listens=' ' ports_read=0 watched=0 asking=0 ask_again=0 last_look=0
  BASH_FILE=$(command -v bash) || BASH_FILE=''
  # A reload becomes whatever lies here at the next look at itself; the JVMs stay.
  trap 'hash=reload' HUP
  link_java
  find_running
  event agent running "pid $$"
  [ -n "$BASH_FILE" ] || event agent watchdog 'no bash: it sees processes that are stopped, and asks none'
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
