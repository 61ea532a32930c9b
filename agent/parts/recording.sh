# --- the recorder of a drill: who was what when ----------------------------------------------------------------------
# A process of its own, so that it goes on while the agent is busy or restarted; the agent starts it again when it is
# gone before its time. A line whenever a role changed, and once a second: "MS node=role …".
#   recording  its end, ms since the epoch      recorder  "PID BIRTH" of who records      roles  the lines

SAMPLE=0.25

start_recorder() { setsid sh "$SELF" recording "$1" </dev/null >/dev/null 2>&1 7>&- 8>&- 9>&- & }

recorder_lives() {
  first_line "$DRILLS/$1/recorder"
  [ -n "$value" ] && read_process "${value%% *}" && [ "$born" = "${value##* }" ]
}

# By the running agent, once a second: no fork while every recorder lives.
tend_recorders() {
  for file in "$DRILLS"/*/recording; do
    [ -f "$file" ] || continue
    file=${file%/recording}
    recorder_lives "${file##*/}" || start_recorder "${file##*/}"
  done
}

cmd_record() { # DRILL SECONDS
  check_name "${1:-}"
  is_number "${2:-}" || fail 2 'usage: record DRILL SECONDS'
  mkdir -p "$DRILLS/$1"
  # Of old drills and faults nothing is needed here: their record is kept elsewhere.
  find "$DRILLS" "$FAULTS" -mindepth 1 -maxdepth 1 -type d -mtime +7 -exec rm -rf {} + 2>/dev/null
  put "$DRILLS/$1/recording" "$(($(now_ms) + $2 * 1000))"
  recorder_lives "$1" || start_recorder "$1"
  rounds=50
  until recorder_lives "$1"; do
    rounds=$((rounds - 1)); [ "$rounds" -gt 0 ] || fail 4 'the recorder did not start'
    sleep 0.1
  done
  echo recording
}

# Whether node $1 has said in this life that it waits for the lock.
cmd_waits() {
  check_name "${1:-}"
  read_launch "$1" && read_state "$1" && read_process "$pid" && case $(log_role) in slave*) ;; *) return 1 ;; esac
}

# One awk for all of it: a process for each sample and node took twice as much of a core.
# A JVM that neither serves nor has said that it waits is recovering: it starts, or has the lock and reads its journal.
# shellcheck disable=SC2016
RECORDER='
  function first(file,   line) { line = ""; getline line < file; close(file); return line }
  function milliseconds(   command, text) { command = "date +%s%3N"; command | getline text; close(command); return text }
  # ms by the clock of the host, asked once in ten seconds; in between by the one since boot.
  function read_clock(   parts) {
    split(first("/proc/uptime"), parts, " "); uptime = parts[1] * 1000
    if (uptime >= ask_clock) { offset = milliseconds() - uptime; ask_clock = uptime + 10000 }
    ms = uptime + offset
  }
  # Each of these tables costs the kernel 4 ms, whatever is in it: only what is asked for is read, once a sample.
  function read_ports(file,   line, parts) {
    if (ports_read[file] == samples) return
    ports_read[file] = samples
    while ((getline line < file) > 0) {
      split(line, parts, " ")
      if (parts[4] == "0A") { sub(/.*:/, "", parts[2]); listens[file, parts[2]] = samples }
    }
    close(file)
  }
  function listens_in(file, port) { read_ports(file); return listens[file, port] == samples }
  function serves(i) {
    if (listens_in(usual[i], hex[i])) return 1
    if (!listens_in(other[usual[i]], hex[i])) return 0
    usual[i] = other[usual[i]]
    return 1
  }
  function read_locks(   line, parts) {
    split("", locks)
    while ((getline line < "/proc/locks") > 0) {
      split(line, parts, " ")
      if (parts[2] == "POSIX") { sub(/.*:/, "", parts[6]); locks[parts[5]] = locks[parts[5]] " " parts[6] " " }
    }
    close("/proc/locks")
  }
  function has_lock(i, pid,   command, inode) {
    if (store[i] == "" || !(pid in locks)) return 0
    command = "stat -c %i \"" store[i] "/lock\" 2>/dev/null"; inode = ""; command | getline inode; close(command)
    return inode != "" && index(locks[pid], " " inode " ")
  }
  function role(i,   state, line, parts, pid, life) {
    split(first(nodes "/" name[i] "/state"), state, " "); pid = state[1]
    if (pid + 0 == 0) return "down"
    line = first("/proc/" pid "/stat"); sub(/.*\) /, "", line); split(line, parts, " ")
    if (parts[1] == "" || parts[1] ~ /[ZX]/ || parts[20] != state[2]) return "down"
    if (parts[1] == "T") return "frozen"
    life = pid " " state[2]
    # Who waits for the lock of a file, as it has said, serves not before it has that lock; its port is looked at once a
    # second all the same, because some kernels do not show all locks.
    if (waits[i] == life && store[i] != "" && samples % 4 != 0 && !has_lock(i, pid)) return "slave"
    if (serves(i)) { waits[i] = ""; return "master" }
    # Its log is asked once a second only, and by the first sample: that takes half a dozen processes.
    if (waits[i] != life && samples % 4 == 1 && system("sh \"" self "\" waits " name[i]) == 0) waits[i] = life
    return waits[i] != life || has_lock(i, pid) ? "recovering" : "slave"
  }
  BEGIN {
    tcp = "/proc/net/tcp"; tcp6 = "/proc/net/tcp6"
    other[tcp] = tcp6; other[tcp6] = tcp
    count = split(ENVIRON["NAMED"], entries, "\n")
    for (i = 1; i <= count; i++) { split(entries[i], parts, " "); name[i] = parts[1]; hex[i] = parts[2]; store[i] = parts[3]; usual[i] = tcp6 }
    for (;;) {
      samples++
      read_locks()
      line = ""; for (i = 1; i <= count; i++) line = line " " name[i] "=" role(i)
      read_clock()
      if (line != before || ms - written >= 1000 || ms < written) {
        end = first(dir "/recording")
        if (end == "" || ms >= end + 0) break
        printf "%.0f%s\n", ms, line >> roles
        fflush(roles)
        before = line; written = ms
      }
      system("exec sleep " pause)
    }
    system("rm -f \"" dir "/recording\" \"" dir "/recorder\"")
  }'

cmd_recording() { # DRILL
  check_name "${1:-}"
  dir=$DRILLS/$1
  [ -f "$dir/recording" ] || return 0
  exec 7>"$dir/recorder.lock"
  flock -n 7 || return 0
  # awk takes this process over, and with it the lock.
  read_process $$; put "$dir/recorder" "$$ $born"
  NAMED=$(for file in "$NODES"/*/launch; do
    [ -f "$file" ] || continue
    file=${file%/launch}
    if read_launch "${file##*/}" && [ -z "$COMMAND" ] && is_number "$OPENWIRE"; then
      printf '%s %04X %s\n' "$NODE" "$OPENWIRE" "$STORE"
    fi
  done)
  export NAMED
  exec awk -v dir="$dir" -v roles="$dir/roles" -v nodes="$NODES" -v self="$SELF" -v pause="$SAMPLE" "$RECORDER"
}
