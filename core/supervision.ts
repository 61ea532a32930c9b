/**
 * What keeps the agent of a machine running, and starts it at boot: systemd where it runs, else what the machine has.
 * Containers need none of it: there the agent is the command.
 */
import { hashText } from './hash-text.js';
import type { Boot, MachineObservation } from './health/observation.js';
import { AGENT_FILE, STATE_DIR } from './layout.js';
import { storeDirectories } from './store-directories.js';
import type { Topology } from './topology/topology.js';

export const UNIT = 'everbroker.service';
const SYSTEMD_FILE = `/etc/systemd/system/${UNIT}`;
const INITD_FILE = '/etc/init.d/everbroker';
const CRON_FILE = '/etc/cron.d/everbroker';
export const HOOK_FILES = [SYSTEMD_FILE, INITD_FILE, CRON_FILE];

export interface Hook {
  path: string;
  content: string;
  mode: number;
}

/** The file that starts the agent at boot; null where the machine has nothing that could. */
export function bootHook(boot: Boot, topology: Topology, host: string): Hook | null {
  switch (boot) {
    case 'systemd':
      return { path: SYSTEMD_FILE, content: unitText(topology, host), mode: 0o644 };
    case 'initd':
      return { path: INITD_FILE, content: INITD_TEXT, mode: 0o755 };
    case 'cron':
      return { path: CRON_FILE, content: `@reboot root exec sh ${AGENT_FILE} run >/dev/null 2>&1\n`, mode: 0o644 };
    case 'none':
      return null;
  }
}

/** Why the agent would not come back after a boot as it is meant to; null when it would, or nothing can be done. */
export function hookReason(machine: MachineObservation, topology: Topology, host: string): string | null {
  const wanted = bootHook(machine.boot, topology, host);
  if (wanted === null) return null;
  const found = machine.hooks[wanted.path];
  if (found === undefined) return `nothing starts the agent at boot (${wanted.path})`;
  return found === hashText(wanted.content) ? null : `${wanted.path} is of another version`;
}

/** What a person is told of it. */
export function supervisionNote(machine: Pick<MachineObservation, 'boot' | 'firstProcess'>): string {
  switch (machine.boot) {
    case 'systemd':
      return 'supervised by systemd';
    case 'initd':
      return machine.firstProcess === 'init'
        ? 'started at boot by /etc/init.d'
        : `started at boot by /etc/init.d, if an init reads it: process 1 is ${machine.firstProcess}`;
    case 'cron':
      return 'started at boot by cron';
    case 'none':
      return 'nothing on this machine can start it at boot';
  }
}

/**
 * KillMode=process: an agent that dies is started again and finds its JVMs, which nobody has touched; so is an upgrade,
 * where the agent becomes its new self. A stop and a shutdown send TERM to the agent alone, which stops every broker
 * and then ends; only what is still there after TimeoutStopSec is killed.
 * The brokers run as their own user below the agent: hence the capabilities, and no MemoryDenyWriteExecute, which no
 * JVM survives. /proc stays whole, because there the agent finds its JVMs.
 */
export function unitText(topology: Topology, host: string): string {
  const writable = [STATE_DIR, topology.root, ...storeDirectories(topology, host)].filter(
    (directory, _, all) => !all.some((other) => directory.startsWith(`${other}/`)),
  );
  return `[Unit]
Description=Everbroker agent of cluster ${topology.name}: keeps the ActiveMQ brokers of this host running
After=network-online.target local-fs.target remote-fs.target
Wants=network-online.target
RequiresMountsFor=${writable.join(' ')}
StartLimitIntervalSec=0

[Service]
ExecStart=/bin/sh ${AGENT_FILE} run
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=1
KillMode=process
TimeoutStopSec=60
OOMPolicy=continue
LimitNOFILE=${Math.max(65536, topology.limits.maximumConnections * 2)}
TasksMax=infinity
# Hardening
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_SETPCAP CAP_KILL CAP_CHOWN CAP_FOWNER CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_SYS_PTRACE
ProtectSystem=strict
ReadWritePaths=${writable.join(' ')}
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
`;
}

/** `stop` waits for the brokers; `status` asks the agent's lock, which is its only truth. */
const INITD_TEXT = `#!/bin/sh
### BEGIN INIT INFO
# Provides:          everbroker
# Required-Start:    $local_fs $remote_fs $network
# Required-Stop:     $local_fs $remote_fs $network
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: Everbroker agent: keeps the ActiveMQ brokers of this host running
### END INIT INFO
# chkconfig: 2345 90 10
agent=${AGENT_FILE} lock=${STATE_DIR}/agent.lock
running() { [ -e "$lock" ] && ! flock -n "$lock" true; }
case "$1" in
  start) running || setsid sh "$agent" run </dev/null >/dev/null 2>&1 & ;;
  stop)
    running || exit 0
    kill -TERM "$(cat ${STATE_DIR}/agent.pid)"
    tries=0
    while running; do
      tries=$((tries + 1)); [ $tries -gt 300 ] && exit 1
      sleep 0.2
    done ;;
  restart | force-reload) "$0" stop && "$0" start ;;
  status) if running; then echo 'everbroker agent runs'; else echo 'everbroker agent does not run'; exit 3; fi ;;
  *) echo "usage: $0 start|stop|restart|status" >&2; exit 2 ;;
esac
`;
