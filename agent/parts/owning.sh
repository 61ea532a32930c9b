# --- ownership: the token of the operation that may change this host -------------------------------------------------

cmd_guard() {
  token=$1; [ "${2:-}" = -- ] || fail 2 'usage: guard TOKEN -- COMMAND…'
  shift 2
  first_line "$OWNER"
  if [ -z "$token" ] || [ "$value" != "$token" ]; then fail 97 'another operation owns this host'; fi
  exec "$@"
}

cmd_claim() { [ -n "$1" ] || fail 2 'a token is needed'; umask 077; put "$OWNER" "$1"; }

cmd_release() { first_line "$OWNER"; [ "$value" = "$1" ] || fail 97 'another operation owns this host'; rm -f "$OWNER"; }
