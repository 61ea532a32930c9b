# --- the watchdog, by the running agent ------------------------------------------------------------------------------
# A master that hangs keeps the lock of its store, and no slave can take over. One that has been stopped (SIGSTOP) or
# answers nothing for WATCHDOG_SECONDS is fenced: killed, and started again as after any death. Only one that serves,
# which is to say that the kernel has its openwire port in LISTEN state; it has in a hanging JVM too. A broker that recovers
# its journal, and a slave, do not listen, and are left alone however long they take, but for one whose log says that it has
# shut down: its JVM can live on and serve nobody, as that of a LevelDB master did whose ZooKeeper session ended while it
# began to serve. It gets three times as long, because a broker that becomes slave again shuts down on its way.

LOOKS_PER_PORTS=25   # every 5 s: the kernel's table costs it 8 ms, whatever is in it
ASKS=3               # so many questions in a row without an answer

# A mark of this very process: "PID BIRTH SINCE COUNT". What is left of another counts for nothing.
read_mark() {
  of_pid='' of_birth='' since=0 count=0
  [ -f "$NODES/$NODE/$1" ] && read -r of_pid of_birth since count 2>/dev/null <"$NODES/$NODE/$1"
  [ "$of_pid $of_birth" = "$pid $birth" ]
}

# Ports in LISTEN state on this host, with blanks around each, into $listens.
read_ports() {
  listens=" $(awk '
    function number(hex,   n, i) { n = 0; for (i = 1; i <= length(hex); i++) n = n * 16 + index("0123456789ABCDEF", substr(hex, i, 1)) - 1; return n }
    $4 == "0A" { split($2, address, ":"); print number(address[2]) }' /proc/net/tcp /proc/net/tcp6 2>/dev/null | tr '\n' ' ') "
}

# A gap between two looks: this process was stopped itself, so nobody has seen how long another did not answer.
forget_marks() { rm -f "$NODES"/*/stopped "$NODES"/*/unanswered "$NODES"/*/shut-down "$NODES"/*/log-seen; }

# Whether the node serves, into the file `serves`. The port alone does not tell whose it is; that is asked once a life.
note_serving() {
  case $listens in
    *" $OPENWIRE "*)
      first_line "$NODES/$NODE/serves"
      if [ "$value" != "$pid $birth" ]; then
        case ,$(listening "$pid"), in *",$OPENWIRE,"*) put "$NODES/$NODE/serves" "$pid $birth" ;; esac
      fi ;;
    *) if [ -f "$NODES/$NODE/serves" ]; then rm -f "$NODES/$NODE/serves" "$NODES/$NODE/unanswered"; fi ;;
  esac
}

# Whether something answers on port $1 within $2 seconds. Any byte will do, the end of the connection too, and so it is
# over TLS; a port that is refused tells nothing against the JVM.
answers() {
  # shellcheck disable=SC2016
  timeout "$2" "$BASH_FILE" -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 0; printf "GET / HTTP/1.0\r\n\r\n" >&3; read -r -n 1 -u 3 _; exit 0' \
    bash "$1" >/dev/null 2>&1
}

# In the background: a look must not wait for an answer. The console is asked first, because a broker writes a warning for
# each stranger at its openwire port; but a console that hangs alone is no reason to kill a broker.
ask() {
  asked_at=$now
  if answers "$CONSOLE" "$ask_seconds" || answers "$OPENWIRE" "$ask_seconds"; then rm -f "$NODES/$NODE/unanswered"; return; fi
  read_mark unanswered || { since=$asked_at count=0; }
  put "$NODES/$NODE/unanswered" "$pid $birth $since $((count + 1))"
}

fence_hung() {
  event "$NODE" watchdog-fenced "pid $pid $1 for $(((now - since) / 100)) s"
  signal KILL "$pid"
  rm -f "$NODES/$NODE/stopped" "$NODES/$NODE/unanswered" "$NODES/$NODE/serves" "$NODES/$NODE/shut-down"
}

# Whether the last thing that its log says is that it has shut down, into the mark `shut-down`. Read when written since.
note_shutdown() {
  log=$BASE/data/activemq.log
  [ ! -f "$NODES/$NODE/log-seen" ] || [ "$log" -nt "$NODES/$NODE/log-seen" ] || return 0
  : >"$NODES/$NODE/log-seen"
  case $(log_role) in
    'none	'*' is shutdown'*) read_mark shut-down || put "$NODES/$NODE/shut-down" "$pid $birth $now 1" ;;
    *) rm -f "$NODES/$NODE/shut-down" ;;
  esac
}

# One look at a node that is meant to be up and has a process, whose state is in $letter.
watch() {
  [ "$WATCHDOG" != 0 ] && [ -z "$COMMAND" ] || return 0
  watched=1
  if [ "$ports_read" = 1 ]; then
    note_serving
    [ -f "$NODES/$NODE/serves" ] || note_shutdown
  fi
  if [ "$letter" = T ]; then
    first_line "$NODES/$NODE/serves"; [ "$value" = "$pid $birth" ] || return 0
    if ! read_mark stopped; then put "$NODES/$NODE/stopped" "$pid $birth $now 1"
    elif [ $((now - since)) -ge $((WATCHDOG * 100)) ]; then fence_hung 'was stopped (state T)'; fi
    return 0
  fi
  [ ! -f "$NODES/$NODE/stopped" ] || rm -f "$NODES/$NODE/stopped"
  if read_mark unanswered && [ "$count" -ge $ASKS ] && [ $((now - since)) -ge $((WATCHDOG * 100)) ]; then
    fence_hung 'answered nothing'
    return 0
  fi
  if read_mark shut-down && [ $((now - since)) -ge $((WATCHDOG * 300)) ]; then
    fence_hung 'had shut down'
    return 0
  fi
  [ "$asking" = 1 ] && [ -n "$BASH_FILE" ] || return 0
  first_line "$NODES/$NODE/serves"; [ "$value" = "$pid $birth" ] || return 0
  case $listens in *" $CONSOLE "*) ;; *) return 0 ;; esac
  # Three questions to two ports: a JVM that is slow, and answers within a fifth of the time, is not one that hangs.
  ask_seconds=$((WATCHDOG / 5)); [ "$ask_seconds" -ge 1 ] || ask_seconds=1
  ask_again=$((now + 2 * ask_seconds * 100))
  ask 9>&- &
}

# Before the nodes are looked at.
prepare_watch() {
  if [ $((now - last_look)) -gt 300 ] && [ "$last_look" != 0 ]; then forget_marks; fi
  last_look=$now ports_read=0 asking=0
  if [ "$watched" = 1 ] && [ $((looks % LOOKS_PER_PORTS)) = 0 ]; then read_ports; ports_read=1; fi
  [ "$now" -lt "$ask_again" ] || asking=1
}
