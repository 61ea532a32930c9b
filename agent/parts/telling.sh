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
      find_noted "$1"
      if [ "$first" = 0 ] && [ "$found" != 0 ]; then first=$found; fi
      if [ "$found" != "$first" ] || { [ "$found" = 0 ] && [ "$deaths" != 0 ]; }; then last_lines; fail 3 "the JVM of $1 ended"; fi
      if [ "$found" != 0 ]; then
        read_jvm
        # The port tells a master, and only a node without one may be a slave. The console comes a second later: others
        # need not wait for it with their start, and who verifies roles asks it.
        case ,$ports, in *",$OPENWIRE,"*)
          if [ -n "$COMMAND" ]; then print_service "$(list_jvms)"; else print_looked; fi; return ;; esac
        case $role in
          failed) last_lines; fail 3 "the start of $1 failed" ;;
          slave)
            read_now; waits_since=${waits_since:-$now}
            if [ -z "$ports" ] && { [ "$expected" = slave ] || [ $(((now - waits_since) * 10)) -ge "$WAITS_MS" ]; }; then
              print_looked; return
            fi ;;
          *) waits_since='' ;;
        esac
      fi
    fi
    read_now; if [ "$now" -ge "$deadline" ]; then last_lines; fail 4 "$1 was not ready within $2 s"; fi
    sleep 0.1
  done
}
