#!/bin/sh
# Everbroker's host agent: keeps the nodes of one host as they are meant to be, and tells in one look what is so.
# One file, POSIX sh, nothing beyond Debian's minbase (coreutils, grep, mawk, util-linux), because it is there before
# anything else is. `run` supervises; every other sub-command asks or tells through files in the state directory, so
# only one process ever starts or stops a JVM. A JVM is known by -Dactivemq.base in /proc, never by a pid file alone.
set -u
export LC_ALL=C

STATE=${EVERBROKER_STATE:-/var/lib/everbroker}
NODES=$STATE/nodes
OWNER=$STATE/owner
SELF=$STATE/agent.sh
LOCK=$STATE/agent.lock
EVENTS=$STATE/events.log
FAULTS=$STATE/faults
DRILLS=$STATE/drills
LOOK=0.2                 # seconds between looks: a death is seen within this
LOOKS_PER_SELF_CHECK=25  # hashing our own file costs two forks, so only about every 5 s
LOOKS_PER_RECORDERS=5    # a recorder that died is started again within 1 s
CALM=6000                # 60 s (in 1/100 s) of life end the restart back-off

# Without a fork: every command on a host passes through here at least once.
while read -r key ME _; do [ "$key" = Uid: ] && break; done </proc/self/status

fail() { status=$1; shift; echo "agent: $*" >&2; exit "$status"; }
