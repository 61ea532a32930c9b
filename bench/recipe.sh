#!/bin/sh
# The recipe as a plain shell script: what Everbroker is compared with. It is written to be fast in the recipe's own
# way: one step after the other, each followed by a wait for what it is to bring about; nothing is waited for longer than
# that, and polls are every 0.2 s. Where the recipe leaves a choice, the quicker one is taken:
#   - one `docker exec` a host or node, not one a command;
#   - group B starts before group A, whose brokers carry the bridge: so the bridge finds its other end at once (with A
#     first, `static:` discovery backs off while B starts);
#   - the other choices of the recipe (lock poll, heap, memory limits) do not weigh in a start and stay ActiveMQ's own;
#   - messages are proved by one JVM with the same probe that Everbroker uses; producer and consumer of bin/activemq
#     would be four.
# Prints `<milliseconds since the epoch> <phase>` as each phase begins, and `proven` at the end; removes everything when it exits.
set -eu

: "${IMAGE:?image with a JRE}" "${TARBALL:?apache-activemq-<version>-bin.tar.gz}" "${PROBE:?everbroker-probe.jar}"
: "${PREFIX:=recipe}" "${NET:=10.213.7}" "${OPENWIRE:=31616}" "${CONSOLE:=31161}"
ROOT=/usr/local/mqcluster
A=$PREFIX-mqbrokerAA
B=$PREFIX-mqbrokerBB
IP_A=$NET.112
IP_B=$NET.116

# A signal ends the running command first; whatever it had begun to make is then removed.
clean_up() {
  trap - EXIT
  trap '' INT TERM HUP
  docker rm -f -v "$A" "$B" >/dev/null 2>&1 || :
  docker network rm "$PREFIX-qqnetwork" >/dev/null 2>&1 || :
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

phase() { echo "$(date +%s%3N) $1"; }

# run_host NAME ADDRESS FIRST: a container with the ports of three nodes, counted from the FIRST-th
run_host() {
  ports=
  for n in 0 1 2; do
    o=$((OPENWIRE + $3 + n)) c=$((CONSOLE + $3 + n))
    ports="$ports -p 127.0.0.1:$o:$o -p 127.0.0.1:$c:$c"
  done
  # shellcheck disable=SC2086
  docker run -d --init --name "$1" --hostname "${1#"$PREFIX-"}" --network "$PREFIX-qqnetwork" --ip "$2" $ports \
    "$IMAGE" sleep infinity >/dev/null
}

# unpack HOST NODE...: the archive goes to the host once and is unpacked for each node
unpack() {
  host=$1
  shift
  docker cp "$TARBALL" "$host:/usr/local/activemq.tar.gz"
  docker exec "$host" sh -ec 'root=$1; shift
    for node; do
      mkdir -p "$root/$node"
      tar -xzf /usr/local/activemq.tar.gz -C "$root/$node" --strip-components=1 --no-same-owner
    done' unpack "$ROOT" "$@"
}

# configure HOST NODE NUMBER GROUP STORE [CONNECTOR]: the two XML files
configure() {
  docker exec "$1" sh -ec 'cd "$1/conf"
    sed -i -e "s|brokerName=\"localhost\"|brokerName=\"$4\"|" \
      -e "s|<kahaDB directory=\"[^\"]*\"/>|<kahaDB directory=\"$5\"/>|" \
      -e "s|tcp://0.0.0.0:61616|tcp://0.0.0.0:$2|" \
      -e "/<transportConnector name=\"\(amqp\|stomp\|mqtt\|ws\)\"/d" \
      -e "s|<persistenceAdapter>|$6&|" activemq.xml
    sed -i -e "/id=\"jettyPort\"/,/<\/bean>/{s|value=\"127.0.0.1\"|value=\"0.0.0.0\"|;s|value=\"8161\"|value=\"$3\"|}" jetty.xml
    ' configure "$ROOT/$2" $((OPENWIRE + $3)) $((CONSOLE + $3)) "$4" "$5" "${6-}"
}

# start HOST NODE LINE: bin/activemq start, then wait until the log says LINE
start() {
  docker exec "$1" sh -ec 'cd "$1"
    bin/activemq start >/dev/null
    tries=300
    until grep -q "$2" data/activemq.log 2>/dev/null; do
      tries=$((tries - 1))
      [ $tries -gt 0 ] || { echo "$1: no \"$2\" in its log:" >&2; tail -n 20 data/activemq.log >&2; exit 1; }
      sleep 0.2
    done' start "$ROOT/$2" "$3"
}

start_group() {
  host=$1 name=$2
  phase "start master of $name"
  start "$host" "$3" " started | org.apache.activemq.broker.BrokerService"
  phase "start slaves of $name"
  start "$host" "$4" "is now in slave mode"
  start "$host" "$5" "is now in slave mode"
}

phase containers
docker network create --subnet "$NET.0/24" "$PREFIX-qqnetwork" >/dev/null
run_host "$A" "$IP_A" 0
run_host "$B" "$IP_B" 3

phase unpack
unpack "$A" mq1 mq2 mq3
unpack "$B" mq4 mq5 mq6

phase configure
url() { echo "tcp://$1:$((OPENWIRE + $2)),tcp://$1:$((OPENWIRE + $2 + 1)),tcp://$1:$((OPENWIRE + $2 + 2))"; }
connector="<networkConnectors><networkConnector name=\"brokerB\" duplex=\"true\" uri=\"static:($(url "$IP_B" 3))\"/></networkConnectors>"
for n in 0 1 2; do configure "$A" mq$((n + 1)) $n brokerA $ROOT/mq1/data/kahadb "$connector"; done
for n in 3 4 5; do configure "$B" mq$((n + 1)) $n brokerB $ROOT/mq4/data/kahadb; done

start_group "$B" brokerB mq4 mq5 mq6
start_group "$A" brokerA mq1 mq2 mq3

phase proof
docker exec "$A" sh -ec 'tries=300
  until grep -q "Network connection between .*(brokerB) has been established" "$1/mq1/data/activemq.log" 2>/dev/null; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || { echo "the bridge does not come up" >&2; exit 1; }
    sleep 0.2
  done' bridge "$ROOT"
docker cp "$PROBE" "$A:/usr/local/probe.jar"
route() {
  printf 'task=route\nname=%s\nqueue=EVERBROKER.VERIFY.recipe.%s\n' "$1" "$1"
  printf '%s=failover:(%s)?randomize=false\n' from "$2" to "$3"
  printf 'count=20\ntimeoutMs=10000\ncleanup=true\n'
}
request() {
  printf 'run=recipe\ndeadlineMs=25000\n'
  route there "$(url "$IP_A" 0)" "$(url "$IP_B" 3)"
  route back "$(url "$IP_B" 3)" "$(url "$IP_A" 0)"
}
report=$(request | docker exec -i "$A" sh -ec 'cd "$1/mq1/lib"
  path=/usr/local/probe.jar
  for jar in activemq-client-*.jar *jms*.jar hawtbuf-*.jar slf4j-api-*.jar; do path=$path:$jar; done
  java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -Xmx128m -cp "$path" everbroker.probe.Probe' probe "$ROOT" 2>&1) || :
[ "$(echo "$report" | grep -c '"outcome":"complete"')" = 2 ] || {
  echo "messages did not pass: $report" >&2
  exit 1
}
phase proven
