/** Carries out the steps of a plan: which activity, on which queue, with what it needs beside the step. */
import { isCancellation } from '@temporalio/workflow';
import type { Check } from '../core/contract.js';
import type { HostObservation } from '../core/health/observation.js';
import { judgeBridges } from '../core/health/bridges.js';
import { judgeGroup, type NodeReading } from '../core/health/roles.js';
import type { Step, StepResult } from '../core/plan/step.js';
import { mayCreate } from '../core/plan/created.js';
import { carrierIdOf, pinConflict } from '../core/plan/pins.js';
import { firstHost, groupNames, hostNames } from '../core/topology/topology.js';
import type { Shared } from '../activities/secrets.js';
import { activities } from './calls.js';
import type { Ownership } from './hold-cluster.js';
import { readGroup } from './look.js';
import type { Operation } from './operation.js';
import { PROFILES } from './profiles.js';
import { proveLock } from './prove-lock.js';
import { settle } from './settle.js';
import { failureText, stepFailure } from './failure-text.js';

export class Runner {
  /** Results of role checks, for the operation's output. */
  get checks(): Check[] {
    return [...this.verified.values()].flat();
  }
  /** What the nodes of each group showed when their roles were verified. */
  readonly readings = new Map<string, NodeReading[]>();
  private readonly verified = new Map<string, Check[]>();
  private readonly operation: Operation;
  private readonly ownership: Ownership;
  private readonly publicKeys: Record<string, string> = {};
  /** Engine or machine by host. */
  private readonly pins: Record<string, string> = {};
  private readonly created: string[] = [];
  private sealed: Shared['sealed'] = {};
  /** Hosts that got their class-data archive from a cache: none is to be made there. */
  private readonly archived = new Set<string>();

  constructor(operation: Operation, ownership: Ownership) {
    this.operation = operation;
    this.ownership = ownership;
  }

  /**
   * From the first look on every host stays on the engine or machine on which it was seen.
   * @throws ApplicationFailure EngineChanged
   */
  pinHosts(observed: Record<string, HostObservation>): void {
    const { topology } = this.ownership;
    for (const [host, seen] of Object.entries(observed)) {
      const id = carrierIdOf(seen);
      if (id !== undefined) {
        const conflict = pinConflict(topology, this.pins, { host, id });
        if (conflict !== null) throw stepFailure('EngineChanged', conflict);
        this.pins[host] = id;
      }
      if (typeof seen.inside?.publicKey === 'string') this.publicKeys[host] = seen.inside.publicKey;
    }
  }

  async sequence(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.run(step);
  }

  run(step: Step): Promise<StepResult> {
    return this.operation.step(step, () => {
      if (step.kind === 'verifyRoles') return this.verifyRoles(step);
      return step.kind === 'proveLock' ? proveLock(this.ownership, step) : this.perform(step);
    });
  }

  /** The proof by messages: its checks are part of the result, and one that failed fails the step. */
  async prove(step: Step): Promise<Check[]> {
    let checks: Check[] = [];
    await this.operation.step(step, async () => {
      const { topology, token } = this.ownership;
      const on = { topology, host: step.host ?? firstHost(topology) };
      const call = activities({ summary: step.summary, profile: PROFILES.proveMessages, on });
      const proof = await call.proveMessages({ topology, host: on.host, token, insist: true });
      checks = proof.checks;
      return { changed: false, note: proof.note };
    });
    return checks;
  }

  /** The proof by the brokers' own word on their bridges, when roles are verified and messages have crossed. */
  async proveBridges(step: Step): Promise<Check[]> {
    try {
      return await this.verifyBridges();
    } catch (error) {
      if (isCancellation(error)) throw error;
      let checks: Check[] | undefined;
      let failed: unknown = error;
      // Only a step waits for a decision. It has failed already: what has been waited for once is not waited for again.
      await this.operation.step(step, async () => {
        const before = failed;
        failed = undefined;
        if (before !== undefined) throw before;
        checks = await this.verifyBridges();
        return { changed: false };
      });
      return checks ?? [];
    }
  }

  /** Removes, newest first, the containers, networks and volumes that this run created. */
  async removeCreated(): Promise<void> {
    const { topology, token } = this.ownership;
    for (const created of this.created.toReversed()) {
      const host = created.split('|')[0] ?? firstHost(topology);
      const call = activities({
        summary: `roll back ${created}`,
        profile: PROFILES.removeNode,
        on: { topology, host },
      });
      try {
        await call.removeCreated({ topology, host, token, created });
      } catch (error) {
        // What failed first is the operation's failure; what stays behind is said beside it.
        this.operation.note(`could not roll back ${created}: ${failureText(error)}`);
      }
    }
  }

  private async perform(step: Step): Promise<StepResult> {
    const { topology, token } = this.ownership;
    const host = step.host ?? firstHost(topology);
    if (step.kind === 'verifyRoles' || step.kind === 'proveLock')
      throw stepFailure('VerificationFailed', `${step.kind} is not one activity`);
    const call = activities({ summary: step.summary, profile: PROFILES[step.kind], on: { topology, host } });
    const pin = this.pins[host];
    const input = { topology, host, token, step, ...(pin === undefined ? {} : { pin }) };
    switch (step.kind) {
      case 'createContainer':
      case 'prepareHost': {
        const prepared = await this.tracked(call[step.kind](input), mayCreate(topology, step));
        this.publicKeys[host] = prepared.publicKey;
        this.created.push(...prepared.created);
        return prepared;
      }
      case 'createNetwork': {
        const network = await this.tracked(call.createNetwork(input), mayCreate(topology, step));
        this.created.push(...network.created);
        return network;
      }
      case 'shareSecrets': {
        const recipients = Object.fromEntries(hostNames(topology).map((name) => [name, this.publicKeys[name] ?? '']));
        const shared = await call.shareSecrets({ ...input, recipients });
        this.sealed = shared.sealed;
        return shared;
      }
      case 'configureNode':
        return call.configureNode({ ...input, sealed: this.sealedFor(host) });
      case 'startService':
        return call.startService({ ...input, sealed: this.sealedFor(host) });
      case 'checkStore': {
        const sealed = this.sealed[host];
        return call.checkStore(sealed === undefined ? input : { ...input, sealed });
      }
      case 'installActiveMQ': {
        const installed = await call.installActiveMQ(input);
        if (installed.classData) this.archived.add(host);
        return installed;
      }
      case 'makeClassData':
        return this.archived.has(host) ? { changed: false, note: 'came with ActiveMQ' } : call.makeClassData(input);
      case 'proveMessages':
        throw stepFailure('VerificationFailed', 'proveMessages has its own way');
      default:
        return call[step.kind](input);
    }
  }

  /** A step that was cut short cannot say what it created: a rollback then tries all that it may have. */
  private async tracked<R>(deed: Promise<R>, candidates: readonly string[]): Promise<R> {
    try {
      return await deed;
    } catch (error) {
      this.created.push(...candidates);
      throw error;
    }
  }

  private sealedFor(host: string): Shared['sealed'][string] {
    const sealed = this.sealed[host];
    if (sealed === undefined) throw stepFailure('CommandFailed', `no credentials were sealed for host ${host}`);
    return sealed;
  }

  /** What was read with the roles comes first: bridges are mostly there by then. Their beans may take a moment. */
  private async verifyBridges(): Promise<Check[]> {
    const { topology } = this.ownership;
    if (topology.bridges.length === 0) return [];
    let outdated = groupNames(topology).filter((group) => !this.readings.has(group));
    const { checks } = await settle('bridges', async () => {
      const read = async (group: string): Promise<unknown> =>
        this.readings.set(group, await readGroup(topology, group));
      await Promise.all(outdated.map(read));
      outdated = groupNames(topology);
      return { checks: judgeBridges(topology, [...this.readings.values()].flat()) };
    });
    return checks;
  }

  private async verifyRoles(step: Step): Promise<StepResult> {
    const { topology } = this.ownership;
    const group = step.group ?? '';
    const { checks, master } = await settle(group, async () => {
      const readings = await readGroup(topology, group);
      this.readings.set(group, readings);
      return judgeGroup(topology, group, { readings, unseen: {} });
    });
    this.verified.set(group, checks);
    return { changed: false, note: `master ${master ?? '?'}` };
  }
}
