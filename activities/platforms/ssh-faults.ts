/**
 * Faults of a machine behind SSH. Its own kernel drops the packets and forgets by itself whom it drops; a process of a
 * session of its own clears the rules away. Both are on the machine and need no connection to it. The port by which
 * Everbroker comes in is never touched, and a machine is never switched off: nobody here could switch it on again.
 */
import { parseFaultRecord, type FaultRecord } from '../../core/drills/fault-record.js';
import type { FaultSighting } from '../../core/drills/host-fault.js';
import { faultTable, networkRules, ruleProblems, type NetworkFault } from '../../core/drills/network-rules.js';
import { EverbrokerError } from '../../core/failure.js';
import { STATE_DIR } from '../../core/layout.js';
import type { Host } from '../../hosts/host.js';
import { ownedBy } from '../../hosts/owned-host.js';
import { commandFailed, run } from '../../hosts/run.js';
import type { Healed, Injected } from '../faults/fault-doer.js';
import { ARM, DISARM, IMPAIR, LOOK, REPAIR, SSH_PORT, TIMER } from './fault-scripts.js';
import type { FaultAround, FaultsAround } from './platform.js';

const ASK_MS = 30_000;

const SWITCHED_OFF =
  'a machine behind SSH is not switched off by Everbroker, because nobody could switch it on again: use `lose-host` with `how: cut`';
const DELAYED =
  'packets of a machine behind SSH are not delayed: the queueing that its interfaces have now would be lost; use loss';

/** What a fault lacks whatever the machine has. */
const refusals = (fault: FaultAround): string[] => {
  if (fault.by === 'carrier') return [SWITCHED_OFF];
  return [...(fault.kind === 'impair' && fault.delayMs > 0 ? [DELAYED] : []), ...ruleProblems(fault)];
};

export const sshFaults: FaultsAround = {
  async problems({ deps, topology, host }, faults, signal) {
    const opened = await deps.openHost(topology, host);
    const machine = await Promise.all(
      faults.map(async (fault) => {
        const refused = refusals(fault);
        return refused.length > 0 || fault.by === 'carrier' ? refused : machineProblems(opened, fault, signal);
      }),
    );
    return [...new Set(machine.flat())].map((problem) => `${host}: ${problem}`);
  },

  async inject({ deps, topology, host }, { token, id, fault }, signal): Promise<Injected> {
    const opened = await deps.openHost(topology, host);
    const impossible = (why: string): EverbrokerError =>
      new EverbrokerError('FaultImpossible', `${host}: ${why}`, { host });
    const [refused] = refusals(fault);
    if (refused !== undefined || fault.by === 'carrier') throw impossible(refused ?? SWITCHED_OFF);
    const keepPort = await sshPort(opened, signal);
    if (keepPort === null) throw impossible(NO_PORT);
    const rules = networkRules({ table: faultTable(id), fault, keepPort });
    const timer = [String(fault.holdSeconds), '0', IMPAIR, REPAIR, faultTable(id), rules, '0'];
    const argv = ['sh', '-c', ARM, 'arm', TIMER, directoryOf(id), ...timer];
    const { stdout } = await run(ownedBy(opened, token), argv, { timeoutMs: ASK_MS, signal });
    const { inForceAt, impossible: why } = parseFaultRecord(stdout);
    if (inForceAt !== null) return { at: inForceAt, detail: `rules ${faultTable(id)}; port ${keepPort} stays open` };
    await disarm(opened, id, signal);
    throw impossible(why ?? `fault ${id} was healed before it was done`);
  },

  async heal({ deps, topology, host }, { id }, signal): Promise<Healed> {
    const opened = await deps.openHost(topology, host);
    const seen = await lookAt(opened, id, signal);
    await disarm(opened, id, signal);
    if (seen.word === 'expired' || seen.record.healed?.by === 'timer')
      return { healed: true, by: 'dead-man timer', detail: 'the hold was over' };
    if (seen.word === 'present' || seen.record.healed !== null)
      return { healed: true, by: 'drill', detail: `rules ${faultTable(id)} removed` };
    return { healed: true, by: 'by itself', detail: `rules ${faultTable(id)}: none` };
  },

  async look({ deps, topology, host }, { id }, signal): Promise<FaultSighting> {
    const { word, record } = await lookAt(await deps.openHost(topology, host), id, signal);
    const present = word === 'present';
    const expired = !present && (word === 'expired' || record.healed?.by === 'timer');
    return { present, expired, detail: `rules ${faultTable(id)}: ${word}` };
  },
};

/** Outlives a start of the machine, as what was done must not be done again. */
const directoryOf = (id: string): string => `${STATE_DIR}/faults/${id}`;

async function lookAt(host: Host, id: string, signal: AbortSignal): Promise<{ word: string; record: FaultRecord }> {
  // In a shell of its own, because the look ends where it has found something.
  const both = 'sh -c "$1" look "$2" "" 0 || exit; cat "$3/record" 2>/dev/null || :';
  const argv = ['sh', '-c', both, 'look', LOOK, faultTable(id), directoryOf(id)];
  const { stdout } = await run(host, argv, { timeoutMs: ASK_MS, signal });
  return { word: stdout.split('\n')[0] ?? '', record: parseFaultRecord(stdout) };
}

const disarm = (host: Host, id: string, signal: AbortSignal): Promise<unknown> =>
  run(host, ['sh', '-c', DISARM, 'disarm', directoryOf(id), faultTable(id), REPAIR], { timeoutMs: ASK_MS, signal });

const NO_PORT = 'it cannot be told by which port Everbroker comes in, and that must stay open';

/** The port of sshd that this very connection came to, or null where it cannot be told. */
async function sshPort(host: Host, signal: AbortSignal): Promise<number | null> {
  const found = await host.exec(['sh', '-c', SSH_PORT], { timeoutMs: ASK_MS, signal });
  const port = Number(found.stdout.trim());
  return found.exitCode === 0 && Number.isInteger(port) && port > 0 ? port : null;
}

/** The very rules are checked by the machine's kernel, and not kept. */
async function machineProblems(host: Host, fault: NetworkFault, signal: AbortSignal): Promise<string[]> {
  if ((await sshPort(host, signal)) === null) return [NO_PORT];
  const rules = networkRules({ table: faultTable('check'), fault, keepPort: 22 });
  const script = 'command -v nft >/dev/null || exit 90; exec nft -c -f -';
  const checked = await host.exec(['sh', '-c', script], { timeoutMs: ASK_MS, signal, stdin: rules });
  if (checked.exitCode === 0 && !checked.timedOut) return [];
  if (checked.exitCode === 90) return ['it has no nft: install the package nftables'];
  return [commandFailed({ ...checked, argv: ['nft'] }, 'check the rules').message];
}
