/** The runbook: network, containers, Java, ActiveMQ, credentials, configuration, start in order, roles, bridges. */
import { CancellationScope, sleep } from '@temporalio/workflow';
import type { FailureType } from '../core/failure.js';
import type { DeployInput, DeployOutput, Check } from '../core/contract.js';
import type { HostObservation } from '../core/health/observation.js';
import { clientUrls, nodeResults } from '../core/health/results.js';
import type { NodeReading } from '../core/health/roles.js';
import type { Plan, Step } from '../core/plan/step.js';
import { atService } from '../core/plan/group.js';
import { isEmpty, stepsOf } from '../core/plan/step.js';
import { groupNames, hostNames, hostsOfGroup, subnetsOf, type Topology } from '../core/topology/topology.js';
import { failureText, failureType } from './failure-text.js';
import { asOnlyWriter, type Ownership } from './hold-cluster.js';
import { observeHosts, placeNetworks, readGroup, resolve, type SeenHosts } from './look.js';
import { Operation } from './operation.js';
import { slowInstall } from './profiles.js';
import { activities } from './calls.js';
import { Runner } from './runner.js';
import { recorded } from './recorded.js';
import { settleAll } from './settle-all.js';

export async function deployCluster(input: DeployInput): Promise<DeployOutput> {
  const operation = new Operation('deploy');
  const startedAt = Date.now();
  return recorded(operation, async (record) => {
    const { topology, topologyHash, warnings, options } = await resolve('deployCluster', input);
    record.cluster(topology.name);
    operation.begin(topology.name, options);
    operation.warn(warnings);
    if (options.startPaused) operation.pause();
    const output = await asOnlyWriter(topology, 'deploy', async (ownership) => {
      const deployment = new Deployment(operation, ownership);
      try {
        return await deployment.run();
      } catch (error) {
        if (options.rollback && !ownership.lost) await CancellationScope.nonCancellable(() => deployment.rollback());
        throw error;
      }
    });
    record.verdict(output.outcome);
    return { ...output, topologyHash, warnings, durationMs: Date.now() - startedAt };
  });
}

/**
 * A container that was removed, or an engine that restarts, must not end the operation: it looks again, and plans from
 * what is there. With the steps' own retries and the pauses an engine has about 45 s to come back.
 */
const LOST: ReadonlySet<string> = new Set<FailureType>(['HostUnreachable', 'EngineUnreachable']);
const ROUNDS = 6;
const PAUSE = '5 seconds';

type Outcome = Omit<DeployOutput, 'topologyHash' | 'warnings' | 'durationMs'>;

class Deployment {
  private topology: Topology;
  private readonly operation: Operation;
  private readonly ownership: Ownership;
  private runner: Runner;

  constructor(operation: Operation, ownership: Ownership) {
    this.operation = operation;
    this.ownership = ownership;
    this.topology = ownership.topology;
    this.runner = new Runner(operation, ownership);
  }

  async run(): Promise<Outcome> {
    const placed = await placeNetworks(this.topology);
    this.topology = placed.topology;
    this.runner = new Runner(this.operation, { ...this.ownership, topology: placed.topology });
    for (const note of placed.notes) this.operation.note(note);
    for (let round = 1; ; round++) {
      try {
        return await this.reach();
      } catch (error) {
        if (round === ROUNDS || !LOST.has(failureType(error) ?? '')) throw error;
        this.operation.phase(`looks again soon: ${failureText(error)}`);
        await sleep(PAUSE, { summary: 'a host is lost: look again' });
      }
    }
  }

  /** One look, one plan, all its steps: again from the start when a host was lost on the way. */
  private async reach(): Promise<Outcome> {
    let { plan, observed } = await this.plan();
    if (plan.unseen.length > 0) {
      // A stopped container cannot be looked into: start it, look again, and plan the rest from what is really there.
      await this.carryOut(plan);
      ({ plan, observed } = await this.plan());
    }
    plan = withProofOf(this.unproven, plan);
    if (isEmpty(plan))
      return this.outcome('unchanged', [], await this.readAll(groupNames(this.topology), insideOf(observed)));
    this.unproven = plan;
    const checks = await this.carryOut(plan);
    // Groups whose roles were verified a moment ago are not read again.
    const unread = groupNames(this.topology).filter((group) => !this.runner.readings.has(group));
    const readings = [...[...this.runner.readings.values()].flat(), ...(await this.readAll(unread))];
    return this.outcome(this.operation.counts().changed > 0 ? 'deployed' : 'unchanged', checks, readings);
  }

  async rollback(): Promise<void> {
    this.operation.phase('rolling back what this run created');
    await this.runner.removeCreated();
  }

  /** A plan that was begun: whatever became of it, its proof is still to be given. */
  private unproven: Plan | null = null;

  private async plan(): Promise<{ plan: Plan; observed: Record<string, HostObservation> }> {
    this.operation.phase('looking at the hosts');
    const observed = await observeHosts(this.topology);
    this.runner.pinHosts(observed);
    const call = activities({ summary: 'plan the steps', profile: slowInstall });
    const { plan } = await call.planSteps({ topology: this.topology, observed });
    this.operation.announce(stepsOf(withProofOf(this.unproven, plan)));
    return { plan, observed };
  }

  private async carryOut(plan: Plan): Promise<Check[]> {
    const { runner, operation, topology } = this;
    operation.phase('preparing the networks');
    await settleAll(plan.networks.map((step) => runner.run(step)));

    operation.phase('preparing hosts, starting groups');
    const containers = hostNames(topology).map((host) => ({ host, steps: plan.hosts[host] ?? [] }));
    const placed = new Map(containers.map(({ host, steps }) => [host, runner.sequence(steps.filter(isPlacement))]));
    const ready = new Map(
      containers.map(({ host, steps }) => [
        host,
        after([placed.get(host)], () => runner.sequence(steps.filter((step) => !isPlacement(step)))),
      ]),
    );
    // Credentials are sealed to the keys of all hosts, so they wait for every container, but not for Java or unpacking.
    const secrets = after([...placed.values()], () => runner.sequence(plan.secrets));
    const services = Object.values(plan.services ?? {}).map((steps) =>
      after([secrets, ...steps.map((step) => ready.get(step.host ?? ''))], () => runner.sequence(steps)),
    );
    const groups = Object.entries(plan.groups).map(([group, stages]) => {
      const { serving, joining } = atService(stages);
      const before = [secrets, ...services, ...hostsOfGroup(topology, group).map((host) => ready.get(host))];
      const serves = after(before, () => this.stages(serving));
      return { serves, complete: after([serves], () => this.stages(joining)) };
    });
    const work = settleAll([...ready.values(), secrets, ...services, ...groups.map(({ complete }) => complete)]);
    const serving = [...ready.values(), secrets, ...services, ...groups.map(({ serves }) => serves)];
    const messages = await this.sendMessages(plan.proof, { serving, work });
    const bridges = await Promise.all(plan.proof.map((step) => runner.proveBridges(step)));
    const checks = [...messages, ...bridges.flat()];
    operation.phase('finishing');
    await runner.sequence(plan.afterwards);
    return checks;
  }

  /**
   * As soon as every master serves, while slaves still join: they take no part in messages. Where the work beside it fails,
   * the cluster is not as it was to be proved, and that failure is the one to tell.
   */
  private async sendMessages(
    steps: readonly Step[],
    { serving, work }: { serving: readonly Promise<unknown>[]; work: Promise<void> },
  ): Promise<Check[]> {
    const scope = new CancellationScope();
    const sent = scope.run(async () => {
      await settleAll(serving);
      return (await Promise.all(steps.map((step) => this.runner.prove(step)))).flat();
    });
    sent.catch(() => undefined);
    try {
      await work;
    } catch (error) {
      scope.cancel();
      await sent.catch(() => undefined);
      throw error;
    }
    this.operation.phase('proving the cluster');
    return sent;
  }

  /** Stages one after the other, the steps of a stage side by side. */
  private async stages(stages: Step[][]): Promise<void> {
    for (const stage of stages) await settleAll(stage.map((step) => this.runner.run(step)));
  }

  private async readAll(groups: readonly string[], seen: SeenHosts = {}): Promise<NodeReading[]> {
    return (await Promise.all(groups.map((group) => readGroup(this.topology, group, seen)))).flat();
  }

  private outcome(outcome: Outcome['outcome'], proof: Check[], readings: readonly NodeReading[]): Outcome {
    const nodes = nodeResults(this.topology, readings);
    this.operation.nodes(nodes);
    this.operation.phase(outcome);
    return {
      outcome,
      cluster: this.topology.name,
      nodes,
      clientUrls: clientUrls(this.topology),
      networks: subnetsOf(this.topology),
      checks: [...this.runner.checks, ...proof],
      notes: this.operation.progress.notes,
      steps: this.operation.counts(),
      timeline: this.operation.progress.steps,
    };
  }
}

/** What an earlier round did without proving it is proved now, also where nothing else is left to do. */
function withProofOf(earlier: Plan | null, plan: Plan): Plan {
  if (earlier === null) return plan;
  const verifications = Object.entries(earlier.groups).map(([group, stages]) => [group, stages.slice(-1)] as const);
  const { proof, afterwards } = plan.proof.length > 0 ? plan : earlier;
  return { ...plan, groups: { ...Object.fromEntries(verifications), ...plan.groups }, proof, afterwards };
}

function insideOf(observed: Record<string, HostObservation>): SeenHosts {
  const seen = Object.entries(observed).flatMap(([host, { inside }]): [string, SeenHosts[string]][] =>
    inside === undefined ? [] : [[host, { nodes: inside.nodes, publicKey: inside.publicKey }]],
  );
  return Object.fromEntries(seen);
}

const isPlacement = (step: Step): boolean => step.kind === 'createContainer' || step.kind === 'prepareHost';

/** Goes on when all before it have succeeded; else it fails as they did, so that what comes after it does not go on either. */
async function after(before: readonly (Promise<unknown> | undefined)[], then: () => Promise<unknown>): Promise<void> {
  await settleAll(before.map((branch) => branch ?? Promise.resolve()));
  await then();
}
