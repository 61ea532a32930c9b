/**
 * A machine becomes what it was: nodes stopped, agent and boot hook gone, homes and nodes removed; then, only when told,
 * the data. The manifest that lies there says what is this cluster's, not the topology of the input.
 */
import { MANIFEST_FILE, STATE_DIR, databaseBase } from '../../core/layout.js';
import { createdMachine } from '../../core/plan/created.js';
import type { Found } from '../../core/plan/destroy.js';
import { topologyFromManifest } from '../../core/plan/manifest.js';
import type { StepResult } from '../../core/plan/step.js';
import { storeDirectories } from '../../core/store-directories.js';
import { HOOK_FILES, UNIT } from '../../core/supervision.js';
import { nodesOnHost, servicesOnHost, type Topology } from '../../core/topology/topology.js';
import type { Host } from '../../hosts/host.js';
import { run } from '../../hosts/run.js';
import { readFile } from '../../hosts/transfer.js';
import type { Deps } from '../deps.js';
import type { StepInput } from '../step-input.js';
import { claimedBy } from './claimed-host.js';
import { DISARM, REPAIR } from './fault-scripts.js';
import type { Site } from './platform.js';
import { CREATED_FILE, anotherCluster } from './ssh-prepare.js';

const CLEAR_MS = 240_000;

/**
 * $1 root, $2 nodes, $3 stores (lists apart by blanks, of which paths have none), $4 and $5 how a fault of a drill is healed.
 * Whatever of it is done already is passed over. The agent stops its nodes, as it knows how; one that has died is started for it.
 */
const CLEAR = `set -e
state=${STATE_DIR} root=$1 nodes=$2 stores=$3
running() { [ -e "$state/agent.lock" ] && ! flock -n "$state/agent.lock" true; }
for fault in "$state"/faults/*/record.pid; do
  [ -f "$fault" ] || continue
  fault=\${fault%/record.pid}
  sh -c "$4" disarm "$fault" "everbroker-\${fault##*/}" "$5"
done
until_running() { tries=0; until running; do tries=$((tries + 1)); [ $tries -lt 50 ] || return 1; sleep 0.1; done; }
if [ -f "$state/agent.sh" ] && [ -d "$state/nodes" ]; then
  running || { setsid sh "$state/agent.sh" run </dev/null >/dev/null 2>&1 & until_running; }
  stops=''
  for dir in "$state"/nodes/*/; do
    [ -d "$dir" ] || continue
    dir=\${dir%/}
    sh "$state/agent.sh" down "\${dir##*/}" >/dev/null &
    stops="$stops $!"
  done
  for stop in $stops; do wait "$stop"; done
fi
if [ -f /etc/systemd/system/${UNIT} ] && [ -d /run/systemd/system ]; then
  systemctl --quiet disable --now ${UNIT}
fi
if running; then
  kill -TERM "$(cat "$state/agent.pid")"
  tries=0
  while running; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo 'the agent did not end' >&2; exit 1; }; sleep 0.1; done
fi
if [ -f /etc/init.d/everbroker ]; then
  if command -v rc-update >/dev/null; then rc-update del everbroker default >/dev/null || :; fi
  if ! command -v update-rc.d >/dev/null && command -v chkconfig >/dev/null; then chkconfig --del everbroker || :; fi
fi
rm -f ${HOOK_FILES.join(' ')}
if command -v update-rc.d >/dev/null; then update-rc.d everbroker remove >/dev/null 2>&1 || :; fi
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
set -f
keep=''
for store in $stores; do keep="$keep ! -path $store ! -path $store/*"; done
for node in $nodes; do
  [ -d "$root/$node" ] || continue
  find "$root/$node" -depth ! -type d $keep -exec rm -f {} +
  find "$root/$node" -depth -type d $keep -exec rmdir {} + 2>/dev/null || :
done
set +f
rm -rf "$root/.activemq" "$root/.java" "$root/.cds" "$root/.drivers"
sed -n 's/^dir //p' ${CREATED_FILE} 2>/dev/null | sort -r | while IFS= read -r dir; do rmdir "$dir" 2>/dev/null || :; done
cd "$state" 2>/dev/null || exit 0
rm -rf faults drills nodes probe java java.seen packages.lock events.log events.log.new agent.lock agent.pid owner
rm -f agent.sh
grep -v '^installed ' created >created.new 2>/dev/null || :
mv -f created.new created`;

/** $1 root, $2 stores. A store that is a mount is emptied; what was written down as made here goes with it. */
const CLEAR_DATA = `set -e
state=${STATE_DIR} root=$1 stores=$2
for store in $stores; do
  [ -d "$store" ] || continue
  # Another machine of the group may be emptying the same directory.
  find "$store" -mindepth 1 -delete 2>/dev/null || { [ ! -d "$store" ] || find "$store" -mindepth 1 -delete; }
  rmdir "$store" 2>/dev/null || :
done
rm -rf "$root/.databases"
for store in $stores; do
  up=\${store%/*}
  while case $up in "$root"/*) true ;; *) false ;; esac && rmdir "$up" 2>/dev/null; do up=\${up%/*}; done
done
sed -n 's/^dir //p' ${CREATED_FILE} 2>/dev/null | sort -r | while IFS= read -r dir; do rmdir "$dir" 2>/dev/null || :; done
sed -n 's/^user //p' ${CREATED_FILE} 2>/dev/null | while IFS= read -r user; do
  ! getent passwd "$user" >/dev/null || userdel "$user"
done
rm -rf "$state"`;

interface Cleared {
  root: string;
  nodes: string[];
  stores: string[];
}

const partsOf = (topology: Topology, host: string): Cleared => ({
  root: topology.root,
  nodes: nodesOnHost(topology, host).map((node) => node.name),
  stores: storeDirectories(topology, host),
});

const clear = (host: Host, { root, nodes, stores }: Cleared, signal?: AbortSignal): Promise<unknown> =>
  run(host, ['sh', '-c', CLEAR, 'clear', root, nodes.join(' '), stores.join(' '), DISARM, REPAIR], {
    timeoutMs: CLEAR_MS,
    signal,
  });

const clearDataOf = (host: Host, { root, stores }: Cleared, signal?: AbortSignal): Promise<unknown> =>
  run(host, ['sh', '-c', CLEAR_DATA, 'clear-data', root, stores.join(' ')], { timeoutMs: CLEAR_MS, signal });

export async function clearHost(deps: Deps, input: StepInput, signal: AbortSignal): Promise<StepResult> {
  const { topology, host, token } = input;
  const opened = claimedBy(await deps.openHost(topology, host), token);
  const manifest = await manifestOn(opened, topology.name);
  if (manifest === null) return { changed: false };
  await clear(opened, partsOf(manifest, host), signal);
  return { changed: true };
}

export async function clearData(deps: Deps, input: StepInput, signal: AbortSignal): Promise<StepResult> {
  const { topology, host, token } = input;
  const opened = claimedBy(await deps.openHost(topology, host), token);
  const manifest = await manifestOn(opened, topology.name);
  if (manifest === null) return { changed: false };
  await clearDataOf(opened, partsOf(manifest, host), signal);
  await deps.forgetSecrets(topology.name);
  return { changed: true };
}

/**
 * The topology that was deployed to a machine, or null when none was.
 * @throws EverbrokerError NameTaken when it is another cluster's, or nobody can tell.
 */
export async function manifestOn(host: Host, cluster: string): Promise<Topology | null> {
  const text = await readFile(host, MANIFEST_FILE, { timeoutMs: 10_000 });
  if (text === null) return null;
  const parsed = topologyFromManifest(text);
  if (!parsed.ok) throw anotherCluster(host.name, '?', cluster);
  if (parsed.topology.name !== cluster) throw anotherCluster(host.name, parsed.topology.name, cluster);
  return parsed.topology;
}

/** $@ stores, databases and what servers of ensembles keep. */
const LIST = `[ ! -f ${STATE_DIR}/agent.sh ] || echo installed
for store; do [ ! -d "$store" ] || echo "$store"; done`;

export function findOnMachines(deps: Deps, topology: Topology, hosts: readonly string[]): Promise<Found[]> {
  return Promise.all(
    hosts.map(async (name): Promise<Found> => {
      const found: Found = { host: name, containers: [], networks: [], volumes: [] };
      const opened = await deps.openHost(topology, name);
      const manifest = await manifestOn(opened, topology.name);
      if (manifest === null) return found;
      const services = servicesOnHost(manifest, name).map((service) => databaseBase(manifest, service.name));
      const data = [...storeDirectories(manifest, name), ...services];
      const argv = ['sh', '-c', LIST, 'list', ...data];
      const lines = (await run(opened, argv, { timeoutMs: 10_000 })).stdout.split('\n').filter((line) => line !== '');
      const kept = lines.filter((line) => line !== 'installed');
      return { ...found, machine: { installed: lines.includes('installed'), data: [...kept, STATE_DIR] } };
    }),
  );
}

/** What this run put on the machine; stores and state only where this run made them, too. */
export async function undoOnMachine(
  { deps, topology, host }: Site,
  { token, created }: { token: string; created: string },
): Promise<void> {
  if (created !== createdMachine(host)) return;
  const opened = claimedBy(await deps.openHost(topology, host), token);
  const lines = ((await readFile(opened, CREATED_FILE, { timeoutMs: 10_000 })) ?? '').split('\n');
  if (!lines.includes(`installed ${token}`)) return;
  const parts = partsOf(topology, host);
  await clear(opened, parts);
  if (!lines.includes(`state ${token}`)) return;
  await clearDataOf(opened, { ...parts, stores: parts.stores.filter((store) => lines.includes(`dir ${store}`)) });
}
