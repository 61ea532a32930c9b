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

read_boot() { first_line /proc/sys/kernel/random/boot_id; boot=$value; }

# Whether moment $1 of boot $2 is over. What was counted by the clock of another boot is.
passed() { read_boot; [ "$2" != "$boot" ] || { read_now; [ "$now" -ge "$1" ]; }; }

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
  COMMAND='' STORE_ID='' STOP_SIGNAL=TERM WAITS_LINE='' WAITS_MS=0 WATCHDOG=0
  [ -f "$NODES/$1/launch" ] || return 1
  while IFS='=' read -r key text; do
    case $key in
      BASE) BASE=$text ;; HOME_DIR) HOME_DIR=$text ;; JAVA) JAVA=$text ;; ARGS) ARGS=$text ;;
      RUN_UID) RUN_UID=$text ;; RUN_GID) RUN_GID=$text ;; STORE) STORE=$text ;; STORE_ID) STORE_ID=$text ;;
      OPENWIRE) OPENWIRE=$text ;; CONSOLE) CONSOLE=$text ;; STOP_SECONDS) STOP_SECONDS=$text ;;
      COMMAND) COMMAND=$text ;; STOP_SIGNAL) STOP_SIGNAL=$text ;;
      WAITS_LINE) WAITS_LINE=$text ;; WAITS_MS) WAITS_MS=$text ;; WATCHDOG_SECONDS) WATCHDOG=$text ;;
    esac
  done <"$NODES/$1/launch"
  is_number "$STOP_SECONDS" || STOP_SECONDS=20
  is_number "$WAITS_MS" || WAITS_MS=0
  is_number "$WATCHDOG" || WATCHDOG=0
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
