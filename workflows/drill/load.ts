/** The load of a drill and the recorders of roles, on the hosts that the fault leaves alone. */
import { sleep } from '@temporalio/workflow';
import type { LoadCounts } from '../../core/drills/guards.js';
import type { Ledger } from '../../core/drills/ledger.js';
import { loadHosts, placeLoad, type PlacedFlow } from '../../core/drills/place-load.js';
import type { RoleSample } from '../../core/drills/samples.js';
import type { UnseenQueue } from '../../core/drills/stuck.js';
import type { Strike } from '../../core/drills/blow.js';
import { awayFrom } from '../../core/drills/strike.js';
import { brokerHosts, firstHost } from '../../core/topology/topology.js';
import { activities } from '../calls.js';
import { stepFailure } from '../failure-text.js';
import { draining, injecting, quick } from '../profiles.js';
import type { DrillSetting } from './drill.js';

/** How long the load may take to flow: a JVM starts, connections are made. */
const FLOWS_MS = 45_000;
const POLL_MS = 1_000;
/** The load outlives a drill whose worker is gone by this much, then ends by itself. */
const AFTER_SECONDS = 120;
/** A bridge that was cut may take half a minute to carry again. */
const IDLE_SECONDS = 10;
const DRAIN_SECONDS = 120;

export class Load {
  started = false;
  private flows: PlacedFlow[] = [];
  private readonly setting: DrillSetting;

  constructor(setting: DrillSetting) {
    this.setting = setting;
  }

  private get topology() {
    return this.setting.ownership.topology;
  }

  /** Hosts on which a part of the load runs. */
  private get hosts(): string[] {
    return loadHosts(this.flows);
  }

  /** @throws ApplicationFailure DrillRefused when there is no place for it; CommandFailed when it does not flow. */
  async start(strike: Strike): Promise<void> {
    const { topology, setting } = this;
    const { scenario, id: drill, ownership } = setting;
    const placed = placeLoad(topology, {
      flows: scenario.load.flows,
      drill,
      avoid: awayFrom(topology, scenario, strike),
      targetGroup: strike.group,
    });
    if (!Array.isArray(placed)) throw stepFailure('DrillRefused', placed.problem);
    this.flows = placed;
    this.started = true;
    const { token } = ownership;
    const atMostSeconds = Math.ceil(scenario.guards.atMostMinutes * 60) + AFTER_SECONDS;
    const recorders = brokerHosts(topology).map((host) => {
      const call = activities({ summary: `${host} · record roles`, profile: quick, on: { topology, host } });
      return call.startRecording({ topology, host, token, drill, seconds: atMostSeconds });
    });
    const loads = this.hosts.map((host) => {
      const call = activities({ summary: `${host} · start the load`, profile: injecting, on: { topology, host } });
      return call.startLoad({ topology, host, token, drill, flows: this.flows, atMostSeconds });
    });
    await Promise.all([...recorders, ...loads]);
    await this.flowing();
    await sleep(scenario.load.warmUpSeconds * 1000, { summary: 'load flows in' });
  }

  private async flowing(): Promise<void> {
    const deadline = Date.now() + FLOWS_MS;
    for (;;) {
      const counts = await this.counts();
      const dry = this.flows.filter(({ flow }) => {
        const of = counts.filter((count) => count.flow === flow);
        return !(of.some(({ acknowledged }) => acknowledged > 0) && of.some(({ delivered }) => delivered > 0));
      });
      if (dry.length === 0) return;
      if (Date.now() >= deadline)
        throw stepFailure('CommandFailed', `the load does not flow: ${dry.map(({ flow }) => flow).join(', ')}`);
      await sleep(POLL_MS, { summary: 'the load does not flow yet' });
    }
  }

  /** Counts of flows as their hosts tell them; producers and consumers may be on two. A host that is lost tells nothing. */
  async counts(): Promise<(LoadCounts & { flow: string })[]> {
    const { topology } = this;
    const { id: drill } = this.setting;
    const looks = this.hosts.map(async (host) => {
      const call = activities({ summary: `${host} · how the load flows`, profile: quick, on: { topology, host } });
      const { flows } = await call.readLoad({ topology, host, drill });
      return flows;
    });
    const found = (await Promise.all(looks)).flat();
    return this.flows.map(({ flow }) => {
      const of = found.filter((counts) => counts.flow === flow);
      const sum = (pick: (counts: (typeof of)[number]) => number): number =>
        of.reduce((total, one) => total + pick(one), 0);
      return {
        flow,
        acknowledged: sum(({ acknowledged }) => acknowledged),
        delivered: sum(({ delivered }) => delivered),
      };
    });
  }

  /** Producers stop, consumers take what is left; what is stuck then is looked for. @returns where it could not be. */
  async drain(): Promise<UnseenQueue[]> {
    const { topology, setting } = this;
    const call = activities({ summary: 'drain, look for what is stuck', profile: draining, on: this.on });
    const { token } = setting.ownership;
    const { unseen } = await call.drainLoad({
      topology,
      token,
      drill: setting.id,
      flows: this.flows,
      idleSeconds: IDLE_SECONDS,
      atMostSeconds: DRAIN_SECONDS,
    });
    return unseen;
  }

  /** Any host of the load: its worker reaches the others too. */
  private get on() {
    const { topology } = this;
    return { topology, host: this.hosts[0] ?? firstHost(topology) };
  }

  async ledger(): Promise<Ledger> {
    const { topology } = this;
    const call = activities({ summary: 'join the ledger', profile: draining, on: this.on });
    return call.collectLedger({ topology, drill: this.setting.id, flows: this.flows });
  }

  async samples(): Promise<RoleSample[]> {
    const { topology } = this;
    const call = activities({
      summary: 'collect the samples of roles',
      profile: draining,
      on: { topology, host: firstHost(topology) },
    });
    return call.collectSamples({ topology, hosts: brokerHosts(topology), drill: this.setting.id });
  }

  async clear(): Promise<void> {
    const { topology, setting } = this;
    const { token } = setting.ownership;
    const { id: drill } = setting;
    const call = activities({ summary: 'clear the load', profile: draining, on: this.on });
    await call.clearLoad({ topology, token, drill, flows: this.flows });
    const recorders = brokerHosts(topology).map((host) => {
      const clear = activities({ summary: `${host} · clear the samples`, profile: quick, on: { topology, host } });
      return clear.clearRecording({ topology, host, token, drill });
    });
    await Promise.all(recorders);
  }
}
