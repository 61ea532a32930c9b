import type { HostInside } from '../core/health/observation.js';
import { observeArguments, parseJavaFacts, parseObservation } from '../core/health/parse-observation.js';
import { AGENT_FILE } from '../core/layout.js';
import type { Topology } from '../core/topology/topology.js';
import type { CommandResult, Host } from '../hosts/host.js';
import { commandFailed, run } from '../hosts/run.js';

export const LOOK_MS = 20_000;

/** The shell must not read its own script from what commands in it may read, too. */
export const FROM_STDIN = ['sh', '-c', 'eval "$(cat)"', 'everbroker'] as const;

/** Of the agent's own codes none. */
const NO_AGENT = 96;

/**
 * One of the agent's sub-commands. Somebody may have removed its file from a host that runs: then this worker's own agent
 * is sent along, which finds the same, and puts nothing there.
 */
export async function execAgent(
  host: Host,
  agent: string,
  { args, ...options }: { args: readonly string[]; timeoutMs: number; signal?: AbortSignal },
): Promise<CommandResult> {
  const script = `[ -f "$0" ] || exit ${NO_AGENT}; exec sh "$0" "$@"`;
  const result = await host.exec(['sh', '-c', script, AGENT_FILE, ...args], options);
  if (result.exitCode !== NO_AGENT || result.timedOut) return result;
  return host.exec([...FROM_STDIN, ...args], { ...options, stdin: agent });
}

/** Everything about a host, by its agent. @throws EverbrokerError CommandFailed when its answer was cut. */
export async function askAgent(
  host: Host,
  { topology, agent }: { topology: Topology; agent: string },
  signal: AbortSignal,
): Promise<{ clock: number; inside: HostInside }> {
  const args = ['observe', ...observeArguments(topology, host.name)];
  const result = await execAgent(host, agent, { args, timeoutMs: LOOK_MS, signal });
  if (result.exitCode !== 0 || result.timedOut) throw commandFailed(result, 'look at the host');
  return parseObservation(result.stdout);
}

export type JavaFacts = Pick<HostInside, 'architecture' | 'java'>;

/** The host's Java alone: a hundredth of what a whole look costs the host. */
export async function askForJava(host: Host, signal: AbortSignal): Promise<JavaFacts> {
  return parseJavaFacts((await run(host, ['sh', AGENT_FILE, 'java'], { timeoutMs: LOOK_MS, signal })).stdout);
}
