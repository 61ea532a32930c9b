/** Faults that the host's agent does and times: its own process is not what is hit. */
import { parseHealed, parseInjected, parseSighting } from '../../core/drills/parse-fault.js';
import type { HostFault } from '../../core/drills/host-fault.js';
import { EverbrokerError } from '../../core/failure.js';
import { AGENT_FILE } from '../../core/layout.js';
import type { Topology } from '../../core/topology/topology.js';
import type { CommandResult, Host } from '../../hosts/host.js';
import { ownedBy } from '../../hosts/owned-host.js';
import { commandFailed } from '../../hosts/run.js';
import type { Deps } from '../deps.js';
import type { FaultBy, FaultDoer } from './fault-doer.js';

/** Filling a disk takes seconds. */
const INJECT_MS = 60_000;
/** A node that is still being stopped is waited for before it is started again. */
const HEAL_MS = 90_000;
const LOOK_MS = 20_000;

/** The agent's own codes for what it will never do: the node does not run; it would not be safe, or is over already. */
const REFUSED: readonly number[] = [2, 3, 6];

export const agentFaults: FaultDoer<'agent'> = {
  async inject(deps, { topology, host, token, id, fault }, signal) {
    const opened = ownedBy(await deps.openHost(topology, host), token);
    const args = ['inject', id, fault.kind, targetOf(fault), String(Math.ceil(fault.holdSeconds * 1000))];
    return parseInjected(await ask(opened, args, { timeoutMs: INJECT_MS, signal }));
  },

  /** Without the guard: what is broken is healed, whoever owns the cluster now. */
  async heal(deps, { topology, host, id }, signal) {
    const opened = await deps.openHost(topology, host);
    const { by, detail } = parseHealed(await ask(opened, ['heal', id], { timeoutMs: HEAL_MS, signal }));
    return { healed: true, by, detail };
  },

  async look(deps, { topology, host, id }, signal) {
    const opened = await deps.openHost(topology, host);
    return parseSighting(await ask(opened, ['look', id], { timeoutMs: LOOK_MS, signal }));
  },
};

/** Why the agent of a host could not do these faults, every reason: what it needs of nodes and their stores. */
export async function problemsOfAgent(
  deps: Deps,
  { topology, host, faults }: { topology: Topology; host: string; faults: readonly HostFault[] },
  signal: AbortSignal,
): Promise<string[]> {
  const opened = await deps.openHost(topology, host);
  const asks = faults.map(async (fault): Promise<string[]> => {
    if (fault.by !== 'agent') return [];
    try {
      await ask(opened, ['check', fault.kind, targetOf(fault)], { timeoutMs: LOOK_MS, signal });
      return [];
    } catch (error) {
      if (error instanceof EverbrokerError && error.type === 'FaultImpossible') return [error.message];
      throw error;
    }
  });
  return (await Promise.all(asks)).flat();
}

const targetOf = (fault: FaultBy<'agent'>): string => (fault.kind === 'restart-service' ? fault.service : fault.node);

async function ask(
  host: Host,
  args: readonly string[],
  options: { timeoutMs: number; signal: AbortSignal },
): Promise<string> {
  const result = await host.exec(['sh', AGENT_FILE, 'fault', ...args], options);
  if (result.exitCode === 0 && !result.timedOut) return result.stdout;
  throw failureOf(result);
}

function failureOf(result: CommandResult): EverbrokerError {
  if (result.timedOut || !REFUSED.includes(result.exitCode)) return commandFailed(result, 'fault');
  const said = result.stderr.trim().replace(/^agent: /, '');
  return new EverbrokerError('FaultImpossible', `${result.host}: ${said}`, { host: result.host });
}
