# --- the recorder of a drill: who was what when ----------------------------------------------------------------------
# A process of its own, so that it goes on while the agent is busy or restarted; the agent starts it again when it is
# gone before its time. A line whenever a role changed, and once a second: "MS node=role …".
#   recording  its end, ms since the epoch      recorder  "PID BIRTH" of who records      roles  the lines

SAMPLE=0.2

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

# The role of node $1 with port $2 (hex) at this moment, into $role. A JVM that neither serves nor has said that it waits
# is recovering: it starts, or has the lock and reads its journal.
role_now() {
  read_state "$1"
  if [ "$pid" = 0 ] || ! read_process "$pid" || [ "$born" != "$birth" ]; then role=down; return; fi
  if [ "$letter" = T ]; then role=frozen; return; fi
  life="$1:$pid:$birth"
  case $tables in *":$2 00000000:0000 0A "* | *":$2 00000000000000000000000000000000:0000 0A "*)
    role=master
    case $waits in *" $life "*) waits="${waits%%" $life "*} ${waits#*" $life "}" ;; esac
    return ;;
  esac
  case $waits in
    *" $life "*)
      role=slave
      case $tables in *" WRITE $pid "*)
        read_launch "$1" && [ -n "$STORE" ] && inode=$(stat -c %i "$STORE/lock" 2>/dev/null) &&
          printf '%s\n' "$tables" | grep -qE " WRITE $pid [^ ]*:$inode " && role=recovering ;;
      esac ;;
    *)
      role=recovering
      # Its log is asked once a second only: that takes half a dozen forks.
      [ $((samples % 5)) = 0 ] && read_launch "$1" || return 0
      seen=$(log_role)
      case $seen in slave*) role=slave waits="$waits $life " ;; esac ;;
  esac
}

cmd_recording() { # DRILL
  check_name "${1:-}"
  dir=$DRILLS/$1
  [ -f "$dir/recording" ] || return 0
  exec 7>"$dir/recorder.lock"
  flock -n 7 || return 0
  read_process $$; put "$dir/recorder" "$$ $born"
  named=''
  for file in "$NODES"/*/launch; do
    [ -f "$file" ] || continue
    file=${file%/launch}
    if read_launch "${file##*/}" && [ -z "$COMMAND" ] && is_number "$OPENWIRE"; then named="$named $NODE:$(printf %04X "$OPENWIRE")"; fi
  done
  samples=0 waits=' ' before='' written=0
  while [ -f "$dir/recording" ]; do
    tables=$(grep -hE -e ':[0-9A-F]{4} 0+:0000 0A ' -e ': POSIX +ADVISORY +WRITE ' /proc/net/tcp /proc/net/tcp6 /proc/locks 2>/dev/null)
    line=''
    for entry in $named; do role_now "${entry%:*}" "${entry##*:}"; line="$line ${entry%:*}=$role"; done
    read_now
    if [ "$line" != "$before" ] || [ $((now - written)) -ge 100 ]; then
      ms=$(now_ms)
      first_line "$dir/recording"
      is_number "$value" && [ "$ms" -lt "$value" ] || break
      echo "$ms$line" >>"$dir/roles"
      before=$line written=$now
    fi
    samples=$((samples + 1))
    sleep "$SAMPLE" 7>&-
  done
  rm -f "$dir/recording" "$dir/recorder"
}
