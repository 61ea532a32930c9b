/** One drill from the steady state to the findings. Phases are its steps, so that the run is a dashboard. */
import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';
import { judgeBridges } from '../../core/health/bridges.js';
import { judgeGroup, type NodeReading } from '../../core/health/roles.js';
import { nodeResults } from '../../core/health/results.js';
import { standbyMissing, unsteady } from '../../core/drills/guards.js';
import type { Strike } from '../../core/drills/blow.js';
import { aimsOf, blowsToExpect, strikeOf, type Aim } from '../../core/drills/strike.js';
import type { Scenario } from '../../core/drills/scenario.js';
import type { StepResult } from '../../core/plan/step.js';
import { groupNames, firstHost, type Topology } from '../../core/topology/topology.js';
import { activities } from '../calls.js';
import { failureText, failureType, stepFailure } from '../failure-text.js';
import type { Ownership } from '../hold-cluster.js';
import { observeEach, readEach } from '../look.js';
import type { Operation } from '../operation.js';
import { proof, slowInstall } from '../profiles.js';
import { EMPTY_FINDINGS, faultId, type Findings } from './findings.js';
import { Load } from './load.js';
import { Blows } from './blows.js';
import { isNearlyFull, paced } from './pace.js';

export interface DrillSetting {
  ownership: Ownership;
  scenario: Scenario;
  id: string;
}

/** Ends a drill before it has broken anything, or cuts it short; never a failure of the workflow. */
class Inconclusive extends Error {}

/** After a heal every second is looked; what is not whole by then, may be so a little later. */
const CLOSELY_SECONDS = 60;
/** Beyond what the hypothesis allows: to tell late from never. */
const REDUNDANCY_SLACK_MS = 60_000;
const DEFAULT_REDUNDANCY_SECONDS = 120;

export class Drill {
  private readonly topology: Topology;
  private readonly scenario: Scenario;
  private readonly findings: Findings;
  private readonly operation: Operation;
  private readonly setting: DrillSetting;
  private readonly load: Load;
  /** Every fault that was begun; the way back is known before it is done. */
  private readonly begun: Blows[] = [];

  constructor(operation: Operation, setting: DrillSetting) {
    this.operation = operation;
    this.setting = setting;
    this.topology = setting.ownership.topology;
    this.scenario = setting.scenario;
    this.findings = { ...EMPTY_FINDINGS, phases: [], injections: [] };
    this.load = new Load(setting);
  }

  /** Comes back with findings also when it was cut short or cancelled: what was broken by then is healed. */
  async run(): Promise<Findings> {
    const { findings, scenario } = this;
    const whole = new CancellationScope();
    const limit = new CancellationScope();
    /** Why the drill itself ended what it was doing; a cancellation from outside has none. */
    let cut: string | null = null;
    const cutShort = (why: string): void => {
      cut ??= why;
      whole.cancel();
    };
    limit
      .run(() => sleep(`${scenario.guards.atMostMinutes} minutes`, { summary: 'longest time of the drill' }))
      .then(() => cutShort(`longer than ${scenario.guards.atMostMinutes} min: healed and ended`))
      .catch(() => undefined);
    // What is broken is not to stay so until a hold is over.
    this.operation.whenAborted(() => cutShort('aborted on request'));
    try {
      await whole.run(() => this.phases());
    } catch (error) {
      const reason = isCancellation(error) ? (cut ?? 'cancelled') : failureText(error);
      findings.end = { verdict: 'inconclusive', reason };
      const refused = failureType(error) === 'FaultImpossible' || failureType(error) === 'DrillRefused';
      if (refused || (isCancellation(error) && cut === null)) findings.rethrow = error;
    }
    limit.cancel();
    await CancellationScope.nonCancellable(() => this.leave());
    return findings;
  }

  private async phases(): Promise<void> {
    const readings = await this.phase('steady state', () => this.steadyState());
    const first = this.aim(readings, aimsOf(this.topology, this.scenario)[0] ?? null);
    await this.phase('can it be done', () => this.supported());
    await this.phase('load', () => this.load.start(first));
    for (const [turn, aim] of aimsOf(this.topology, this.scenario).entries()) await this.turn(turn, aim);
    await this.phase('load flows on', () =>
      sleep(this.scenario.load.afterSeconds * 1000, { summary: 'load flows on' }),
    );
    await this.phase('drain', () => this.drain());
  }

  private async drain(): Promise<void> {
    this.findings.unseen = await this.load.drain();
  }

  /** Whatever happened: heal, look, end the load, collect what there is. */
  private async leave(): Promise<void> {
    const { findings } = this;
    // Each is looked for once more, also where it was healed before.
    for (const blows of this.begun) if (!(await this.quietly('heal', () => blows.heal()))) findings.healed = false;
    if (!this.load.started) return;
    // What is still on its way would else be taken for lost.
    if (findings.unseen === null && findings.injections.length > 0) await this.quietly('drain', () => this.drain());
    await this.quietly('collect', async () => {
      findings.samples = await this.load.samples();
      findings.ledger = await this.load.ledger();
    });
    await this.quietly('clear', () => this.load.clear());
  }

  private async quietly(what: string, body: () => Promise<unknown>): Promise<boolean> {
    try {
      await this.phase(what, body, { gated: false });
      return true;
    } catch (error) {
      this.operation.note(`${what}: ${failureText(error)}`);
      return false;
    }
  }

  private async phase<T>(name: string, body: () => Promise<T>, how: { gated?: boolean } = {}): Promise<T> {
    const from = Date.now();
    let result: T | undefined;
    this.operation.phase(name);
    try {
      const number = this.findings.phases.filter((phase) => phase.name === name).length;
      const id = number === 0 ? name : `${name} ${number + 1}`;
      const run = async (): Promise<StepResult> => {
        result = await body();
        return { changed: true };
      };
      await this.operation.step({ id: `drill/${id}`, summary: id }, run, how);
      return result as T;
    } finally {
      this.findings.phases.push({ name, from, to: Date.now() });
    }
  }

  /** @throws Inconclusive when there is none: a drill on a broken cluster proves nothing. */
  private async steadyState(): Promise<readonly NodeReading[]> {
    const { topology } = this;
    const [looks, { observed }] = await Promise.all([readEach(topology), observeEach(topology)]);
    this.findings.java = Object.values(observed)[0]?.inside?.java?.version ?? null;
    this.operation.nodes(nodeResults(topology, looks.readings));
    const roles = groupNames(topology).flatMap((group) => judgeGroup(topology, group, looks).checks);
    const why = unsteady([...roles, ...judgeBridges(topology, looks.readings)]);
    if (why !== null) throw new Inconclusive(`no steady state to begin with: ${why}`);
    const host = firstHost(topology);
    const call = activities({
      summary: 'messages through every group and bridge',
      profile: proof,
      on: { topology, host },
    });
    const { checks } = await call.proveMessages({ topology, host, token: null, insist: false });
    const unproven = unsteady(checks);
    if (unproven !== null) throw new Inconclusive(`no steady state to begin with: ${unproven}`);
    return looks.readings;
  }

  /** @throws Inconclusive */
  private aim(readings: readonly NodeReading[], aim: Aim): Strike {
    const result = strikeOf(this.topology, { scenario: this.scenario, readings, aim });
    if (!result.ok) throw new Inconclusive(result.reason);
    const { scenario } = this;
    const missing = standbyMissing(this.topology, { scenario, group: result.strike.group, readings });
    if (missing !== null) throw new Inconclusive(missing);
    return result.strike;
  }

  /** Of every host that may be hit. @throws ApplicationFailure FaultImpossible with every reason, before anything is touched. */
  private async supported(): Promise<void> {
    const { topology } = this;
    const { blows, problems: known } = blowsToExpect(topology, this.scenario);
    const hosts = [...new Set(blows.map(({ host }) => host))];
    const asks = hosts.map(async (host) => {
      const faults = blows.filter((blow) => blow.host === host).map(({ fault }) => fault);
      // It may have to make the image of the helpers first.
      const call = activities({
        summary: `${host} · can it have the fault`,
        profile: slowInstall,
        on: { topology, host },
      });
      return (await call.faultSupport({ topology, host, faults })).problems;
    });
    const problems = [...known, ...(await Promise.all(asks)).flat()];
    if (problems.length > 0) throw stepFailure('FaultImpossible', problems.join('\n'));
  }

  private async turn(turn: number, aim: Aim): Promise<void> {
    const { topology, scenario, setting, findings } = this;
    if (isNearlyFull()) throw new Inconclusive(`${turn} turns have filled the history of one workflow`);
    const looks = await readEach(topology);
    const strike = this.aim(looks.readings, aim);
    const named = strike.blows.map((blow, index) => ({ ...blow, id: faultId(setting.id, turn, index) }));
    const blows = new Blows(setting.ownership, { named, scenario, strike, load: this.load });
    this.begun.push(blows);
    findings.injections.push(blows.injection);
    const { kind } = scenario.fault;
    await this.phase(kind === 'none' ? 'observe' : `inject ${strike.targets.join(', ')}`, () => blows.inject());
    try {
      // A pause must not lengthen it.
      const hold = async (): Promise<void> => {
        const abort = await blows.hold();
        if (abort !== null) throw new Inconclusive(abort);
      };
      await this.phase('hold', hold, { gated: false });
    } finally {
      await CancellationScope.nonCancellable(() => this.phase('heal', () => blows.heal(), { gated: false }));
    }
    await this.phase('full redundancy', () => this.redundancy(blows));
  }

  /** Waits for it, and measures the bridges by looks a second apart; how soon the nodes were back the samples tell. */
  private async redundancy(blows: Blows): Promise<void> {
    const { redundancyBackSeconds, bridgesBackSeconds } = this.scenario.expect;
    const patience = Math.max(redundancyBackSeconds ?? 0, bridgesBackSeconds ?? 0) || DEFAULT_REDUNDANCY_SECONDS;
    const deadline = Date.now() + patience * 1000 + REDUNDANCY_SLACK_MS;
    const { topology } = this;
    const { injection } = blows;
    for (;;) {
      const looks = await readEach(topology);
      this.operation.nodes(nodeResults(topology, looks.readings));
      const since = (Date.now() - (injection.healedAt ?? Date.now())) / 1000;
      const roles = unsteady(groupNames(topology).flatMap((group) => judgeGroup(topology, group, looks).checks));
      const bridges = unsteady(judgeBridges(topology, looks.readings));
      if (bridges === null) injection.bridgesBackSeconds ??= since;
      if (roles === null && bridges === null) return;
      if (Date.now() >= deadline) {
        this.operation.note(`not whole again after ${Math.round(since)} s: ${roles ?? bridges}`);
        return;
      }
      await sleep(since < CLOSELY_SECONDS ? 1000 : paced(5000), { summary: 'not whole again yet' });
    }
  }
}
