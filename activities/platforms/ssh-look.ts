/** The look at a machine: one command. Its script comes on standard input, because nothing may be there yet. */
import { observeArguments, parseObservation } from '../../core/health/parse-observation.js';
import { machineArguments, parseMachine } from '../../core/health/parse-machine.js';
import type { MachineObservation } from '../../core/health/observation.js';
import type { Host } from '../../hosts/host.js';
import { commandFailed } from '../../hosts/run.js';
import { FROM_STDIN, LOOK_MS } from '../ask-agent.js';
import type { Look, Site } from './platform.js';

export async function lookAtMachine(
  { deps, topology, host: name }: Site,
  host: Host,
  signal: AbortSignal,
): Promise<Look & { machine: MachineObservation }> {
  const from = Date.now();
  const result = await host.exec([...FROM_STDIN, 'observe', ...observeArguments(topology, name)], {
    timeoutMs: LOOK_MS,
    signal,
    stdin: `${machineArguments(topology, name)}${deps.machine}\n${deps.agent}`,
  });
  if (result.exitCode !== 0 || result.timedOut) throw commandFailed(result, 'look at the machine');
  const machine = parseMachine(result.stdout, { from, to: Date.now() });
  return { ...parseObservation(result.stdout), machine };
}
