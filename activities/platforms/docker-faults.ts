/**
 * Faults around a container. Its packets are dropped from a helper in its network namespace; it is killed and started again
 * by a helper that reaches nothing but the engine. Neither is touched by what it does, and both are their own timers: they
 * go on with worker, Temporal and the network to this engine dead, and the kernel forgets whom it drops by itself.
 */
import { networkRules, faultTable, ruleProblems, type NetworkFault } from '../../core/drills/network-rules.js';
import type { FaultSighting } from '../../core/drills/host-fault.js';
import { EverbrokerError } from '../../core/failure.js';
import { dockerHostOf } from '../../core/topology/topology.js';
import type { Host } from '../../hosts/host.js';
import { run } from '../../hosts/run.js';
import type { Healed, Injected } from '../faults/fault-doer.js';
import { carrierFault } from './docker-carrier-fault.js';
import { ownedEngine } from './docker-engine.js';
import { askHelper, containerOf, doFault, endHelper, withHelper, type Around } from './docker-helper.js';
import { IMPAIR, KERNEL, LOOK, REPAIR } from './fault-scripts.js';
import type { FaultAround, FaultAt, FaultsAround, Site } from './platform.js';

const ASK_MS = 30_000;

export const dockerFaults: FaultsAround = {
  async problems(site, faults, signal) {
    const around = aroundOf(site, signal);
    const packets = faults.filter(isNetwork);
    return [
      ...packets.flatMap(ruleProblems),
      ...(packets.length > 0 ? await kernelProblems(around, packets) : []),
      ...(faults.length > packets.length ? await carrierFault.problems(around) : []),
    ].map((problem) => `${site.host}: ${problem}`);
  },

  async inject(site, { token, id, fault }, signal): Promise<Injected> {
    const around = { ...site, signal, engine: await ownedEngine(site.deps, { ...site, token }) };
    if (!isNetwork(fault)) return carrierFault.inject(around, { id, fault });
    const [problem] = ruleProblems(fault);
    if (problem !== undefined) throw new EverbrokerError('FaultImpossible', `${site.host}: ${problem}`);
    const container = await containerOf(around);
    if (container?.running !== true)
      throw new EverbrokerError('HostUnreachable', `the container of ${site.host} does not run`, { host: site.host });
    const deed = { holdSeconds: fault.holdSeconds, inflict: IMPAIR, undo: REPAIR, args: argsOf(id, fault) };
    const at = await doFault(around, { id, reach: { to: 'network', of: container.id }, deed });
    return { at, detail: `rules ${faultTable(id)} in the network namespace of ${site.host}` };
  },

  async heal(site, { id, fault }, signal): Promise<Healed> {
    const around = aroundOf(site, signal);
    if (!isNetwork(fault)) return carrierFault.heal(around, id);
    const seen = await withNamespace(around, { id, fault }, async (helper, before) => {
      await run(helper, ['sh', '-c', REPAIR, 'repair', ...argsOf(id, fault)], { timeoutMs: ASK_MS, signal });
      return before;
    });
    const record = (await askHelper(around, id))?.record;
    await endHelper(around, id);
    if (record?.healed?.by === 'timer' || seen === 'expired')
      return { healed: true, by: 'dead-man timer', detail: 'the hold was over' };
    if (seen === 'present') return { healed: true, by: 'drill', detail: `rules ${faultTable(id)} removed` };
    return { healed: true, by: 'by itself', detail: seen ?? 'its network namespace has gone' };
  },

  async look(site, { id, fault }, signal): Promise<FaultSighting> {
    const around = aroundOf(site, signal);
    if (!isNetwork(fault)) return carrierFault.look(around, id);
    const record = (await askHelper(around, id))?.record;
    const seen = await withNamespace(around, { id, fault }, (_helper, word) => Promise.resolve(word));
    return {
      present: seen === 'present',
      expired: seen !== 'present' && (seen === 'expired' || record?.healed?.by === 'timer'),
      detail: seen === null ? 'the container does not run' : `rules ${faultTable(id)}: ${seen}`,
    };
  },
};

const isNetwork = (fault: FaultAround): fault is NetworkFault => fault.by === 'network';

/** Without asking for the claim: who looks or heals need not own the cluster. */
const aroundOf = (site: Site, signal: AbortSignal): Around => ({
  ...site,
  signal,
  engine: site.deps.engine(dockerHostOf(site.topology, site.host).engine),
});

const argsOf = (id: string, fault: NetworkFault): string[] => {
  const table = faultTable(id);
  return [table, networkRules({ table, fault }), String(fault.kind === 'impair' ? fault.delayMs : 0)];
};

/**
 * Works in the network namespace that the host has now, and tells what is there of the fault. The fault's own helper is in
 * it, unless it has ended or the container was started again since. Null when the host has no namespace.
 */
async function withNamespace<T>(
  around: Around,
  { id, fault }: FaultAt<NetworkFault>,
  work: (helper: Host, word: string) => Promise<T>,
): Promise<T | null> {
  const container = await containerOf(around);
  if (container?.running !== true) return null;
  const asked = async (helper: Host): Promise<T> => {
    const argv = ['sh', '-c', LOOK, 'look', ...argsOf(id, fault)];
    const { stdout } = await run(helper, argv, { timeoutMs: ASK_MS, signal: around.signal });
    return work(helper, stdout.trim());
  };
  const own = await askHelper(around, id);
  const target = await around.deps.openHost(around.topology, around.host);
  if (own !== null && (await namespaceOf(own.host, around)) === (await namespaceOf(target, around)))
    return asked(own.host);
  return withHelper(around, { to: 'network', of: container.id }, asked);
}

const namespaceOf = async (host: Host, { signal }: Around): Promise<string> =>
  (await run(host, ['readlink', '/proc/self/ns/net'], { timeoutMs: ASK_MS, signal })).stdout.trim();

/** Tried in a namespace of its own, where nothing is hit. */
async function kernelProblems(around: Around, faults: readonly NetworkFault[]): Promise<string[]> {
  const has = await withHelper(around, { to: 'network', of: null }, async (helper) => {
    const argv = ['sh', '-c', KERNEL, 'kernel', ...[0, 1].map(sampleRules)];
    const { stdout } = await run(helper, argv, { timeoutMs: ASK_MS, signal: around.signal });
    return stdout.split('\n');
  });
  const wants = (needs: (fault: NetworkFault) => boolean, word: string): boolean =>
    faults.some(needs) && !has.includes(word);
  return [
    ...(wants(() => true, 'rules') ? ['the kernel of its engine drops no packets: it has no nf_tables'] : []),
    ...(wants((fault) => fault.kind === 'impair' && fault.lossPercent > 0, 'chance')
      ? ['the kernel of its engine drops no packets by chance: it has no nft_numgen']
      : []),
    ...(wants((fault) => fault.kind === 'impair' && fault.delayMs > 0, 'delay')
      ? ['the kernel of its engine delays no packets: it has no sch_netem']
      : []),
  ];
}

/** What every fault needs of the kernel; with a chance also what a share of the packets needs. */
const sampleRules = (lossPercent: number): string =>
  networkRules({
    table: `sample-${lossPercent}`,
    fault:
      lossPercent > 0
        ? { by: 'network', kind: 'impair', delayMs: 0, lossPercent, holdSeconds: 9 }
        : { by: 'network', kind: 'drop', addresses: [], except: true, ports: [1], holdSeconds: 9 },
  });
