/** Carries out the steps of a plan: which activity, on which queue, with what it needs beside the step. */
import { sleep } from '@temporalio/workflow';
import type { Check } from '../core/contract.js';
import type { HostObservation } from '../core/health/observation.js';
import { judgeGroup, rolesFailure } from '../core/health/roles.js';
import type { Step, StepResult } from '../core/plan/step.js';
import { firstHost, hostNames } from '../core/topology/topology.js';
import type { Activities } from '../activities/index.js';
import type { Shared } from '../activities/secrets.js';
import type { StepInput } from '../activities/step-input.js';
import { activities } from './calls.js';
import type { Ownership } from './hold-cluster.js';
import { readGroup } from './look.js';
import type { Operation } from './operation.js';
import { PROFILES } from './profiles.js';
import { failureText, stepFailure } from './failure-text.js';

/** How long the roles of a group may take to settle after its last start: a failover of a loaded machine, thrice over. */
const SETTLE_MS = 30_000;
const SETTLE_POLL_MS = 500;

export class Runner {
  /** Results of role checks, for the operation's output. */
  readonly checks: Check[] = [];
  private readonly operation: Operation;
  private readonly ownership: Ownership;
  private readonly publicKeys: Record<string, string> = {};
  private readonly engines: Record<string, string> = {};
  private readonly created: string[] = [];
  private sealed: Shared['sealed'] = {};

  constructor(operation: Operation, ownership: Ownership) {
    this.operation = operation;
    this.ownership = ownership;
  }

  /** From the first look on every host stays on the engine on which it was seen. */
  pinEngines(observed: Record<string, HostObservation>): void {
    for (const [host, seen] of Object.entries(observed)) {
      if (seen.placement !== undefined) this.engines[host] ??= seen.placement.engineId;
      if (typeof seen.inside?.publicKey === 'string') this.publicKeys[host] = seen.inside.publicKey;
    }
  }

  async sequence(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.run(step);
  }

  run(step: Step): Promise<StepResult> {
    return this.operation.step(step, () => (step.kind === 'verifyRoles' ? this.verifyRoles(step) : this.perform(step)));
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
    if (step.kind === 'verifyRoles') throw stepFailure('VerificationFailed', 'verifyRoles is not one activity');
    const call = activities({ summary: step.summary, profile: PROFILES[step.kind], on: { topology, host } });
    const engineId = this.engines[host];
    const input = { topology, host, token, step, ...(engineId === undefined ? {} : { engineId }) };
    switch (step.kind) {
      case 'createContainer':
      case 'prepareHost': {
        const prepared = await call[step.kind](input);
        this.publicKeys[host] = prepared.publicKey;
        this.created.push(...prepared.created);
        return prepared;
      }
      case 'createNetwork': {
        const network = await call.createNetwork(input);
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
        return this.configure(call, input);
      case 'proveMessages':
        throw stepFailure('VerificationFailed', 'proveMessages has its own way');
      default:
        return call[step.kind](input);
    }
  }

  private configure(call: Activities, input: StepInput): Promise<StepResult> {
    const sealed = this.sealed[input.host];
    if (sealed === undefined) throw stepFailure('CommandFailed', `no credentials were sealed for host ${input.host}`);
    return call.configureNode({ ...input, sealed });
  }

  private async verifyRoles(step: Step): Promise<StepResult> {
    const group = step.group ?? '';
    const deadline = Date.now() + SETTLE_MS;
    for (;;) {
      const { topology } = this.ownership;
      const verdict = judgeGroup(topology, group, { readings: await readGroup(topology, group), unseen: {} });
      if (verdict.checks.every((check) => check.ok)) {
        this.checks.push(...verdict.checks);
        return { changed: false, note: `master ${verdict.master ?? '?'}` };
      }
      if (Date.now() >= deadline) throw stepFailure('VerificationFailed', rolesFailure(verdict));
      await sleep(SETTLE_POLL_MS, { summary: `${group} · roles have not settled` });
    }
  }
}
