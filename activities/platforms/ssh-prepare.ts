/** A machine becomes a host: agent, manifest, key, directories, and what keeps the agent running and starts it at boot. */
import { EverbrokerError } from '../../core/failure.js';
import { hashText } from '../../core/hash-text.js';
import type { MachineObservation } from '../../core/health/observation.js';
import { AGENT_FILE, MANIFEST_FILE, STATE_DIR } from '../../core/layout.js';
import { createdMachine } from '../../core/plan/created.js';
import { MANIFEST_NAME, manifestText } from '../../core/plan/manifest.js';
import { storeDirectories } from '../../core/store-directories.js';
import { UNIT, bootHook, supervisionNote } from '../../core/supervision.js';
import type { Topology } from '../../core/topology/topology.js';
import type { Host } from '../../hosts/host.js';
import { ownedBy } from '../../hosts/owned-host.js';
import { commandFailed, run } from '../../hosts/run.js';
import { putFiles } from '../../hosts/transfer.js';
import type { Deps } from '../deps.js';
import { publicKeyOf } from '../host-key.js';
import type { StepInput } from '../step-input.js';
import { claimedBy } from './claimed-host.js';
import type { Prepared } from './platform.js';
import { lookAtMachine } from './ssh-look.js';

const ANOTHER_CLUSTER = 98;
/** An agent that takes its predecessor's place waits 2 s for its lock. */
const START_MS = 30_000;

/** Everything that a rollback or a removal of data may remove is written down before it is made. */
export const CREATED_FILE = `${STATE_DIR}/created`;

/**
 * $1 cluster, $2 token, $3 sha256 of the agent, which comes on standard input. Puts what guards every later command.
 * A directory that is there without a manifest is what a run left behind that was cut here.
 */
const BEGIN = `set -e
umask 022
state=${STATE_DIR} created=${CREATED_FILE}
if [ -e "$state/manifest.json" ]; then
  name=$(sed -n '${MANIFEST_NAME}' "$state/manifest.json")
  [ "$name" = "$1" ] || { echo "$name"; exit ${ANOTHER_CLUSTER}; }
fi
[ -d "$state" ] || { mkdir -p "$state"; echo "state $2" >"$created"; }
[ -f "$state/agent.sh" ] || echo "installed $2" >>"$created"
cat >"$state/agent.sh.new"
[ "$(sha256sum <"$state/agent.sh.new" | cut -c1-64)" = "$3" ] || { echo 'the agent did not arrive whole' >&2; exit 1; }
chmod 0755 "$state/agent.sh.new"
mv -f "$state/agent.sh.new" "$state/agent.sh"
(umask 077; echo "$2" >"$state/owner.new"; mv -f "$state/owner.new" "$state/owner")`;

/** $1 uid, $2 user, $3 root, then the stores. They are there before the agent is: a unit can only let it write what exists. */
const DIRECTORIES = `set -e
umask 022
created=${CREATED_FILE} uid=$1
make() {
  if [ ! -d "$1" ]; then
    case $1 in /*/*) make "\${1%/*}" ;; esac
    echo "dir $1" >>"$created"
    mkdir "$1"
  fi
}
getent passwd "$uid" >/dev/null || grep -qx "user $2" "$created" 2>/dev/null || echo "user $2" >>"$created"
make "$3"
shift 3
for store; do
  if [ ! -d "$store" ]; then make "$store"; chmod 0750 "$store"; chown "$uid:$uid" "$store"; fi
done`;

/**
 * $1 what starts it at boot. An agent that was started in another way is replaced, one whose unit has changed gets a new
 * one: killed and not stopped, because its JVMs are to stay, and the next agent finds them.
 */
const SUPERVISE = `set -e
state=${STATE_DIR}
running() { [ -e "$state/agent.lock" ] && ! flock -n "$state/agent.lock" true; }
replace() { ! running || kill -KILL "$(cat "$state/agent.pid")"; }
sh "$state/agent.sh" wake
case $1 in
  systemd)
    systemctl daemon-reload
    systemctl --quiet enable ${UNIT}
    replace
    systemctl --quiet is-active ${UNIT} || systemctl start ${UNIT} ;;
  initd)
    if command -v update-rc.d >/dev/null; then update-rc.d everbroker defaults >/dev/null
    elif command -v rc-update >/dev/null; then rc-update add everbroker default >/dev/null
    else chkconfig --add everbroker; fi ;;
esac
[ "$1" = systemd ] || running || setsid sh "$state/agent.sh" run </dev/null >/dev/null 2>&1 &
tries=0
until running; do
  tries=$((tries + 1)); [ $tries -gt 100 ] && { echo 'the agent did not start' >&2; exit 1; }
  sleep 0.1
done`;

export async function prepareMachine(deps: Deps, input: StepInput, signal: AbortSignal): Promise<Prepared> {
  const { topology, host, token } = input;
  const opened = await deps.openHost(topology, host);
  await begin(deps, { topology, host: claimedBy(opened, token), token, signal });
  const owned = ownedBy(opened, token);
  const { machine } = await lookAtMachine({ deps, topology, host }, opened, signal);
  await deps.pins.record(topology.name, host, machine.id);
  const { uid, user } = topology.runAs;
  await run(
    owned,
    ['sh', '-c', DIRECTORIES, 'directories', String(uid), user, topology.root, ...storeDirectories(topology, host)],
    { timeoutMs: 10_000, signal },
  );
  const hook = bootHook(machine.boot, topology, host);
  await putFiles(
    owned,
    [
      { path: MANIFEST_FILE, content: manifestText(topology), mode: 0o644 },
      ...(hook === null || sameHook(machine, hook) ? [] : [hook]),
    ],
    { timeoutMs: 30_000, signal },
  );
  const publicKey = await publicKeyOf(deps, input, signal);
  if (hook === null || !sameHook(machine, hook) || !(await agentRuns(owned, signal)))
    await run(owned, ['sh', '-c', SUPERVISE, 'supervise', machine.boot], { timeoutMs: START_MS, signal });
  return { changed: true, note: supervisionNote(machine), publicKey, created: await createdHere(owned, input, signal) };
}

interface Beginning {
  topology: Topology;
  host: Host;
  token: string;
  signal: AbortSignal;
}

async function begin(deps: Deps, { topology, host, token, signal }: Beginning): Promise<void> {
  const argv = ['sh', '-c', BEGIN, 'begin', topology.name, token, hashText(deps.agent)];
  const began = await host.exec(argv, { timeoutMs: 30_000, signal, stdin: deps.agent });
  if (began.exitCode === ANOTHER_CLUSTER) throw anotherCluster(host.name, began.stdout.trim(), topology.name);
  if (began.exitCode !== 0 || began.timedOut) throw commandFailed(began, `put ${AGENT_FILE}`);
}

export const anotherCluster = (host: string, found: string, wanted: string): EverbrokerError =>
  new EverbrokerError(
    'NameTaken',
    found === '' || found === '?'
      ? `${host}: ${MANIFEST_FILE} is there and cannot be read; a machine has one cluster, and ${wanted} is not put over another`
      : `${host} belongs to cluster ${found} and a machine has one: destroy ${found} with its data first, or take another machine for ${wanted}`,
    { host, cluster: found },
  );

const sameHook = (machine: MachineObservation, hook: { path: string; content: string }): boolean =>
  machine.hooks[hook.path] === hashText(hook.content);

const AGENT_RUNS = `[ -e ${STATE_DIR}/agent.lock ] && ! flock -n ${STATE_DIR}/agent.lock true`;

const agentRuns = async (host: Host, signal: AbortSignal): Promise<boolean> =>
  (await host.exec(['sh', '-c', AGENT_RUNS], { timeoutMs: 10_000, signal })).exitCode === 0;

/** By what is written down and not by what this attempt did: an earlier one may have died before it could report. */
async function createdHere(host: Host, { topology, host: name, token }: StepInput, signal: AbortSignal) {
  const found = await host.exec(['grep', '-qx', `installed ${token}`, CREATED_FILE], { timeoutMs: 10_000, signal });
  return found.exitCode === 0 && topology.hosts[name] !== undefined ? [createdMachine(name)] : [];
}
