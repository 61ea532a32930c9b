/** What a deployment leaves on its hosts, in a form that two runs of one topology can be compared in. */
import assert from 'node:assert/strict';
import { claimName } from '../../core/naming.js';
import { hostNames, type Topology } from '../../core/topology/topology.js';
import { rolesOf, type System } from './system.js';

/**
 * Logs, stores and times differ between any two runs; keys, tokens and credentials must. Of a node's own directory counts what
 * was put there and how often it was started: all else is the agent's memory of how it came to this.
 */
const LIST = `find /var/lib/everbroker "$1" \\( -path '*/data/*' -o -path '*/tmp/*' \\) -prune -o -print | sort |
while IFS= read -r path; do
  case $path in
    */nodes/*/launch | */nodes/*/desired | */nodes/*/down-until | */nodes/*/*.sha256 | */nodes/*/starts | */nodes/*/started-on | */nodes/*/granted) ;;
    */var/lib/everbroker/nodes/*/*) continue ;;
  esac
  case $path in
    */events.log | */agent.lock | */agent.pid | */java.seen | */owner | */host.key | */host.pub | */secrets.json |\\
    */credentials.properties | */credentials.sha256 | *.jsa) content=- ;;
    *) if [ -f "$path" ]; then content=$(sha256sum <"$path"); else content=-; fi ;;
  esac
  echo "$(stat -c '%A %u:%g %n' "$path") \${content%% *}"
done`;

const LEFTOVERS = `find /var/lib/everbroker "$1" -name '*.part-*' -o -name '*.new*' -o -name '.*.everbroker-*'`;

/** Every path of every host with its mode and owner, and the hash of what must be the same. */
export async function endState(system: System, topology: Topology): Promise<Record<string, string[]>> {
  const hosts = hostNames(topology).map(async (host): Promise<[string, string[]]> => {
    const listed = await system.sh(topology, host, `set -- ${topology.root}; ${LIST}`);
    return [host, listed.trim().split('\n')];
  });
  return Object.fromEntries(await Promise.all(hosts));
}

/** Lines that only one of two end states has. */
export function differences(one: Record<string, string[]>, other: Record<string, string[]>): string[] {
  const only = (these: Record<string, string[]>, those: Record<string, string[]>, mark: string): string[] =>
    Object.entries(these).flatMap(([host, lines]) => {
      const known = new Set(those[host]);
      return lines.filter((line) => !known.has(line)).map((line) => `${mark} ${host} ${line}`);
    });
  return [...only(one, other, '-'), ...only(other, one, '+')];
}

/** How often each node was started since its host exists. */
export async function starts(system: System, topology: Topology): Promise<Record<string, number>> {
  const all = hostNames(topology).map((host) =>
    system.sh(topology, host, 'cd /var/lib/everbroker/nodes; for n in *; do echo "$n $(cat "$n/starts")"; done'),
  );
  const lines = (await Promise.all(all)).join('').trim().split('\n');
  return Object.fromEntries(lines.map((line) => [line.split(' ')[0], Number(line.split(' ')[1])]));
}

export const secretsVersion = async (system: System, topology: Topology): Promise<number> => {
  const host = hostNames(topology)[0] ?? '';
  return Number(await system.sh(topology, host, 'cat /var/lib/everbroker/secrets.version'));
};

/** The cluster works, nothing is left to do, and nobody left anything behind. */
export async function insistOnWholeCluster(system: System, topology: Topology): Promise<void> {
  const again = await (await system.everbroker.deploy({ topology: { ...topology } })).result();
  assert.equal(again.outcome, 'unchanged');
  const verified = await (await system.everbroker.verify({ cluster: topology.name })).result();
  assert.equal(verified.verdict, 'passed', JSON.stringify(verified.checks.filter((check) => !check.ok)));
  for (const group of Object.values(topology.groups)) {
    const roles = Object.entries(rolesOf(verified.nodes)).filter(([node]) => node in group.nodes);
    assert.equal(roles.filter(([, role]) => role === 'master').length, 1);
  }
  for (const host of hostNames(topology)) {
    assert.equal(await system.sh(topology, host, `set -- ${topology.root}; ${LEFTOVERS}`), '', `left on ${host}`);
  }
  assert.equal(await system.engine.container(claimName(topology.name)), null, 'the claim was given back');
}
