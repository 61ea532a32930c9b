import type { HostInside } from '../core/health/observation.js';
import { observeArguments, parseJavaFacts, parseObservation } from '../core/health/parse-observation.js';
import { AGENT_FILE } from '../core/layout.js';
import type { Topology } from '../core/topology/topology.js';
import type { Host } from '../hosts/host.js';
import { commandFailed, run } from '../hosts/run.js';

export const LOOK_MS = 20_000;

/** Everything about a host, by its agent. @throws EverbrokerError CommandFailed when it has none or its answer was cut. */
export async function askAgent(
  host: Host,
  topology: Topology,
  signal: AbortSignal,
): Promise<{ clock: number; inside: HostInside }> {
  const result = await host.exec(['sh', AGENT_FILE, 'observe', ...observeArguments(topology, host.name)], {
    timeoutMs: LOOK_MS,
    signal,
  });
  if (result.exitCode !== 0 || result.timedOut) throw commandFailed(result, 'look at the host');
  return parseObservation(result.stdout);
}

export type JavaFacts = Pick<HostInside, 'architecture' | 'java'>;

/** The host's Java alone: a hundredth of what a whole look costs the host. */
export async function askForJava(host: Host, signal: AbortSignal): Promise<JavaFacts> {
  return parseJavaFacts((await run(host, ['sh', AGENT_FILE, 'java'], { timeoutMs: LOOK_MS, signal })).stdout);
}
