/** The faults of one strike, all of them injected, held, healed and looked for together. */
import { isCancellation, sleep } from '@temporalio/workflow';
import { mustAbort, twoMasters } from '../../core/drills/guards.js';
import type { Done } from '../../core/drills/judge.js';
import type { Scenario } from '../../core/drills/scenario.js';
import type { Strike } from '../../core/drills/blow.js';
import { activities } from '../calls.js';
import { stepFailure } from '../failure-text.js';
import type { Ownership } from '../hold-cluster.js';
import { readEach } from '../look.js';
import { healing, injecting, quick } from '../profiles.js';
import { settleAll } from '../settle-all.js';
import type { NamedBlow } from './findings.js';
import type { Load } from './load.js';
import { paced } from './pace.js';

export interface BlowsSetting {
  named: NamedBlow[];
  scenario: Scenario;
  strike: Strike;
  load: Load;
}

/** How often the abort conditions are looked at while a fault is held, at first. */
const WATCH_MS = 2_000;
/** A fault that the drill has healed is gone within this, or it is not healed. */
const GONE_MS = 15_000;

export class Blows {
  readonly injection: Done;
  private readonly ownership: Ownership;
  private readonly setting: BlowsSetting;

  constructor(ownership: Ownership, setting: BlowsSetting) {
    this.ownership = ownership;
    this.setting = setting;
    const { strike, scenario } = setting;
    this.injection = {
      kind: scenario.fault.kind,
      targets: strike.targets,
      group: strike.group,
      detail: strike.detail,
      injectedAt: Date.now(),
      healedAt: null,
      healedBy: null,
      bridgesBackSeconds: null,
    };
  }

  /** The dead-man timer of each is armed by the very command that does it. */
  async inject(): Promise<void> {
    const { topology, token } = this.ownership;
    this.injection.injectedAt = Date.now();
    const moments: number[] = [];
    await settleAll(
      this.setting.named.map(async ({ host, id, fault }) => {
        const call = activities({
          summary: `${host} · inject ${fault.kind}`,
          profile: injecting,
          on: { topology, host },
        });
        moments.push((await call.injectFault({ topology, host, token, id, fault })).at);
      }),
    );
    if (moments.length > 0) this.injection.injectedAt = Math.min(...moments);
  }

  /** Holds the fault. @returns why it has to be healed at once, or null when its time is over. */
  async hold(): Promise<string | null> {
    const { strike } = this.setting;
    const until = Date.now() + strike.holdSeconds * 1000;
    for (;;) {
      const left = until - Date.now();
      if (left <= 0) return null;
      await sleep(Math.min(paced(WATCH_MS), left), { summary: `hold for ${strike.holdSeconds} s` });
      const abort = await this.mustAbort();
      if (abort !== null) return abort;
    }
  }

  private async mustAbort(): Promise<string | null> {
    const { topology } = this.ownership;
    const [load, looks] = await Promise.all([this.setting.load.counts(), readEach(topology)]);
    const { group } = this.setting.strike;
    const splitBrain = group === null ? null : twoMasters(topology, group, looks.readings);
    return mustAbort(this.setting.scenario, { load, splitBrain });
  }

  /** As often as it is asked for: what is healed stays so. @throws when a host could not be healed. */
  async heal(): Promise<void> {
    const { topology, token } = this.ownership;
    const ways = new Set<string>();
    await settleAll(
      this.setting.named.map(async ({ host, id, fault }) => {
        const call = activities({ summary: `${host} · heal ${fault.kind}`, profile: healing, on: { topology, host } });
        ways.add((await call.healFault({ topology, host, token, id, fault })).by);
      }),
    );
    this.injection.healedAt ??= Date.now();
    const by = (['dead-man timer', 'drill', 'by itself'] as const).find((way) => ways.has(way));
    this.injection.healedBy ??= by ?? 'by itself';
    if (!(await this.gone()))
      throw stepFailure('FaultNotHealed', `${this.injection.detail}: still found after healing`);
  }

  /** Looks for every fault of the strike. */
  private async gone(): Promise<boolean> {
    const { topology } = this.ownership;
    const deadline = Date.now() + GONE_MS;
    for (;;) {
      const looks = this.setting.named.map(async ({ host, id, fault }) => {
        const call = activities({
          summary: `${host} · look for ${fault.kind}`,
          profile: quick,
          on: { topology, host },
        });
        try {
          return (await call.lookForFault({ topology, host, id, fault })).present;
        } catch (error) {
          // A host that cannot be looked at has not been shown to be healed.
          if (isCancellation(error)) throw error;
          return true;
        }
      });
      if ((await Promise.all(looks)).every((present) => !present)) return true;
      if (Date.now() >= deadline) return false;
      await sleep(1000, { summary: 'the fault is still there' });
    }
  }
}
