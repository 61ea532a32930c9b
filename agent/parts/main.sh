command=${1:-}
[ $# -gt 0 ] && shift
case $command in
  run) cmd_run ;;
  observe) cmd_observe "$@" ;;
  java) cmd_java ;;
  await) cmd_await "${1:-}" "${2:-}" "${3:-}" ;;
  up) cmd_up "${1:-}" ;;
  down) cmd_stop "${1:-}" down ;;
  service) check_name "${1:-}"; read_launch "$1" && print_service "$(list_jvms)" ;;
  fence) cmd_stop "${1:-}" fenced ;;
  kill) cmd_kill "${1:-}" ;;
  wake) cmd_wake ;;
  fault) cmd_fault "$@" ;;
  record) cmd_record "${1:-}" "${2:-}" ;;
  recording) cmd_recording "${1:-}" ;;
  waits) cmd_waits "${1:-}" ;;
  guard) cmd_guard "$@" ;;
  claim) cmd_claim "${1:-}" ;;
  release) cmd_release "${1:-}" ;;
  *) fail 2 'usage: agent.sh run|wake|observe|java|await|up|down|service|fence|kill|fault|record|guard|claim|release …' ;;
esac
