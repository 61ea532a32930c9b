# --- events --------------------------------------------------------------------------------------------------------

event() {
  echo "$(date +%s%3N) $1 $2 ${3:-}" >>"$EVENTS"
  if [ "$(stat -c %s "$EVENTS")" -gt 262144 ]; then tail -n 1000 "$EVENTS" >"$EVENTS.new" && mv -f "$EVENTS.new" "$EVENTS"; fi
}

# Says once, not five times a second, what a node waits for.
waiting_for() {
  first_line "$NODES/$NODE/waiting"
  [ "$value" = "$1" ] && return
  put "$NODES/$NODE/waiting" "$1"
  event "$NODE" waiting-for "$1"
}
