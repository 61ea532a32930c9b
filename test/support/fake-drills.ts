/** The activities of drills over a fake cluster: faults that are in force or not, a load that flows or not. */
import type { DrillRecord } from '../../core/drills/record.js';
import type { HostFault } from '../../core/drills/host-fault.js';
import { noCounts, type FlowLedger, type Ledger, type LedgerCounts } from '../../core/drills/ledger.js';
import type { PlacedFlow } from '../../core/drills/place-load.js';
import type { UnseenQueue } from '../../core/drills/stuck.js';
import type { RoleSample, SampledRole } from '../../core/drills/samples.js';
import type { Activities } from '../../activities/index.js';
import { activity } from '../../activities/run-activity.js';
import { groupNames, nodeNamed, nodesOfGroup, nodesOnHost, type Topology } from '../../core/topology/topology.js';
import type { FakeCluster } from './fake-cluster.js';

export class FakeDrills {
  /** Faults that were injected, by id; whether they are still in force. */
  readonly faults = new Map<string, { fault: HostFault; host: string; at: number; healedAt: number | null }>();
  readonly records: DrillRecord[] = [];
  readonly events: unknown[] = [];
  /** Messages that are lost of the thousand that are acknowledged in each flow. */
  lost = 0;
  flows = true;
  /** Healing is said to be done, and the fault is found all the same. */
  sticky = false;
  impossible: string | null = null;
  /** The only host that cannot have it; null: none can. */
  impossibleOn: string | null = null;
  backlog = 0;
  lastEndedAt: number | null = null;
  loads = 0;
  /** Queues that are not there to be looked into. */
  unseen: UnseenQueue[] = [];
  /** Names of the load's flows. */
  placed: string[] = [];

  get inForce(): string[] {
    return [...this.faults].filter(([, { healedAt }]) => healedAt === null).map(([id]) => id);
  }
}

type DrillActivities = Pick<
  Activities,
  | 'faultSupport'
  | 'injectFault'
  | 'healFault'
  | 'lookForFault'
  | 'startRecording'
  | 'collectSamples'
  | 'startLoad'
  | 'readLoad'
  | 'drainLoad'
  | 'collectLedger'
  | 'clearLoad'
  | 'clearRecording'
  | 'keepRecord'
  | 'lastDrill'
  | 'notify'
>;

export function fakeDrillActivities(fake: FakeCluster): DrillActivities {
  const { drills } = fake;
  const roles = new FakeRoles(fake.topology);
  const named = <I extends object, O>(name: string, effect: (input: I) => O) =>
    activity((input: I, signal) =>
      fake.call('host' in input ? `${name}/${String(input.host)}` : name, signal, () => effect(input)),
    );
  return {
    faultSupport: named('faultSupport', ({ host }: { host: string }) => {
      const { impossible, impossibleOn } = drills;
      return { problems: impossible === null || (impossibleOn ?? host) !== host ? [] : [`${host}: ${impossible}`] };
    }),
    injectFault: activity(({ host, token, id, fault }, signal) =>
      fake.change(`injectFault/${host}`, { token, signal }, () => {
        const at = drills.faults.get(id)?.at ?? fake.clock();
        if (!drills.faults.has(id)) {
          drills.faults.set(id, { fault, host, at, healedAt: null });
          if ('node' in fault) roles.down(fault.node, at + 1);
        }
        return { at, detail: fault.kind };
      }),
    ),
    healFault: named('healFault', ({ id }: { host: string; id: string }) => {
      const found = drills.faults.get(id);
      if (found === undefined) return { healed: true, by: 'by itself' as const, detail: 'never done' };
      if (!drills.sticky) found.healedAt ??= fake.clock();
      if (found.healedAt !== null && 'node' in found.fault) roles.up(found.fault.node, found.healedAt);
      return { healed: true, by: 'drill' as const, detail: '' };
    }),
    lookForFault: named('lookForFault', ({ id }: { host: string; id: string }) => ({
      present: drills.inForce.includes(id),
      expired: false,
      detail: '',
    })),
    startRecording: named('startRecording', () => roles.begin(fake.clock())),
    collectSamples: named('collectSamples', () => roles.end(fake.clock())),
    clearRecording: named('clearRecording', () => undefined),
    startLoad: named('startLoad', ({ flows }: { host: string; flows: PlacedFlow[] }) => {
      drills.loads++;
      drills.placed = flows.map(({ flow }) => flow);
      return { started: true };
    }),
    readLoad: named('readLoad', () => ({ running: true, flows: countsOf(drills), errors: [] })),
    drainLoad: named('drainLoad', () => ({ complete: true, stuck: [], unseen: drills.unseen })),
    collectLedger: named('collectLedger', ({ flows }: { flows: PlacedFlow[] }) =>
      ledgerOf(flows, { drills, now: fake.clock() }),
    ),
    clearLoad: named('clearLoad', () => {
      drills.loads = 0;
      return { left: [] };
    }),
    keepRecord: named('keepRecord', ({ record }: { record: DrillRecord }) => {
      drills.records.push(record);
      return { path: `/records/${record.drill}.json` };
    }),
    lastDrill: named('lastDrill', () => {
      const endedAt = drills.lastEndedAt ?? drills.records.findLast(({ verdict }) => verdict !== 'skipped')?.endedAt;
      const earlier = { drill: 'earlier', scenario: 'kill-master', verdict: 'passed' as const };
      return endedAt === undefined ? null : { ...earlier, endedAt };
    }),
    notify: named('notify', ({ event }: { event: unknown }) => {
      drills.events.push(event);
      return { status: 200 };
    }),
  };
}

const countsOf = (drills: FakeDrills) => {
  const { flows, backlog } = drills;
  const delivered = flows ? 1000 : 0;
  return drills.placed.map((flow) => ({
    flow,
    sent: delivered + backlog,
    acknowledged: delivered + backlog,
    delivered,
    failed: 0,
    unknown: 0,
  }));
};

/** Ten seconds before the first fault, and three at the end. */
function ledgerOf(flows: readonly PlacedFlow[], { drills, now }: { drills: FakeDrills; now: number }): Ledger {
  const sent = drills.flows ? 1000 : 0;
  const { lost } = drills;
  const counts: LedgerCounts = { ...noCounts(), sent, acknowledged: sent, delivered: sent - lost, lost };
  const end = Math.floor(now / 1000) * 1000;
  const begin = Math.floor(Math.min(now, ...[...drills.faults.values()].map(({ at }) => at)) / 1000) * 1000;
  const seconds = Array.from({ length: 13 }, (_, index) => ({
    at: index < 10 ? begin - 10_000 + index * 1000 : end + (index - 10) * 1000,
    acknowledged: sent / 10,
    delivered: sent / 10,
    sendMs: 5,
    deliveryMs: 9,
  }));
  const percentiles = { p50: 1, p90: 2, p99: 3, max: 5 };
  const made = flows.map(({ flow, from, to }): FlowLedger => ({
    flow,
    from,
    to,
    ...counts,
    examples: {},
    stuckIn: [],
    sendMs: percentiles,
    deliveryMs: percentiles,
    producerSilence: null,
    consumerSilence: null,
    seconds: drills.flows ? seconds : [],
  }));
  return { flows: made, total: counts };
}

/** Who is what when: the first node of each group is master until it is hit, then the next one that lives is. */
class FakeRoles {
  private readonly samples: RoleSample[] = [];
  private readonly roles = new Map<string, SampledRole>();
  private readonly topology: Topology;

  constructor(topology: Topology) {
    this.topology = topology;
  }

  begin(at: number): void {
    for (const group of groupNames(this.topology))
      for (const [index, { name }] of nodesOfGroup(this.topology, group).entries())
        this.roles.set(name, index === 0 ? 'master' : 'slave');
    this.sample(at);
  }

  down(node: string, at: number): void {
    const wasMaster = this.roles.get(node) === 'master';
    this.roles.set(node, 'down');
    this.sample(at);
    const group = nodesOfGroup(this.topology, nodeNamed(this.topology, node).group);
    const next = group.find(({ name }) => this.roles.get(name) === 'slave');
    if (wasMaster && next !== undefined) this.roles.set(next.name, 'master');
    this.sample(at + 1);
  }

  up(node: string, at: number): void {
    if (this.roles.get(node) === 'down') this.roles.set(node, 'slave');
    this.sample(at);
  }

  /** As a recorder does, it also tells once a second what has not changed. */
  end(at: number): RoleSample[] {
    this.sample(at);
    return this.samples.flatMap((sample) => {
      const next = this.samples.find((other) => other.host === sample.host && other.at > sample.at);
      const seconds = Math.floor(((next?.at ?? sample.at) - sample.at) / 1000);
      return [
        sample,
        ...Array.from({ length: seconds }, (_, index) => ({ ...sample, at: sample.at + index * 1000 + 999 })),
      ];
    });
  }

  /** Two things in one millisecond keep their order. */
  private sample(wanted: number): void {
    const at = Math.max(wanted, (this.samples.at(-1)?.at ?? 0) + 1);
    for (const host of Object.keys(this.topology.hosts)) {
      const names = nodesOnHost(this.topology, host).map(({ name }) => name);
      const roles = Object.fromEntries(names.map((name) => [name, this.roles.get(name) ?? 'down']));
      this.samples.push({ at, host, roles });
    }
  }
}
