/** The real workflows on a real Temporal server, with a worker whose activities act on a fake cluster. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WorkflowFailedError, type Client, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Activities } from '../../activities/index.js';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import type {
  DeployOutput,
  DestroyOutput,
  PlanOutput,
  StatusOutput,
  VerifyOutput,
  WorkflowName,
} from '../../core/contract.js';
import type { Progress, StepProgress } from '../../core/progress.js';
import type { Topology, TopologyInput } from '../../core/topology/schema.js';
import { progressQuery } from '../../workflows/messages.js';
import { fakeActivities } from './fake-activities.js';
import type { DrillRecord } from '../../core/drills/record.js';
import { FakeCluster } from './fake-cluster.js';
import { beforeServersStop, testTemporal } from './temporal-server.js';
import { aParsedTopology, aTopology, parsed, type Shape } from './topologies.js';

/** Failing activities are what is tested: the worker's warnings of them would only hide the tests' own output. */
Runtime.install({
  logger: new DefaultLogger('ERROR', () => undefined),
  telemetryOptions: { logging: { filter: 'OFF', forward: {} } },
});

let bundle: Promise<WorkflowBundleOption> | undefined;

/** Built once for a test file. */
export const workflowBundle = (): Promise<WorkflowBundleOption> => (bundle ??= bundleOf('../../workflows/index.ts'));

export function bundleOf(path: string): Promise<WorkflowBundleOption> {
  const workflowsPath = fileURLToPath(new URL(path, import.meta.url));
  return bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
}

export interface SceneOptions extends Shape {
  environment?: TestWorkflowEnvironment;
  overrides?: Partial<TopologyInput>;
  /** Default: that of the worker which all scenes of a test file share. */
  taskQueue?: string;
  identity?: string;
}

const SHARED_QUEUE = 'shared';
/** Each activity acts on the fake cluster of the scene that started its workflow. */
const scenes = new Map<string, Activities>();
/** A schedule puts the time behind the id that it was given. */
const sceneWith = (workflowId: string): Activities | undefined =>
  scenes.get(workflowId) ?? [...scenes].find(([id]) => workflowId.startsWith(`${id}-`))?.[1];
let shared: Promise<void> | undefined;
let count = 0;

async function shareWorker(): Promise<void> {
  const worker = await startWorker(await testTemporal(), SHARED_QUEUE);
  const running = worker.run();
  beforeServersStop(async () => {
    worker.shutdown();
    await running;
  });
}

async function startWorker(
  { nativeConnection, client }: TestWorkflowEnvironment,
  taskQueue: string,
  identity = 'test',
): Promise<Worker> {
  const sceneOf = (): Activities => {
    const found = sceneWith(activityInfo().workflowExecution?.workflowId ?? '');
    if (found === undefined) throw ApplicationFailure.nonRetryable('a workflow that no scene started');
    return found;
  };
  const names = Object.keys(fakeActivities(new FakeCluster(aParsedTopology()), client)) as (keyof Activities)[];
  return Worker.create({
    connection: nativeConnection,
    taskQueue,
    workflowBundle: await workflowBundle(),
    activities: Object.fromEntries(names.map((name) => [name, (input: never) => sceneOf()[name](input)])),
    identity,
    // Cancellation reaches an activity with the answer to a heartbeat.
    maxHeartbeatThrottleInterval: '50 milliseconds',
    defaultHeartbeatThrottleInterval: '50 milliseconds',
  });
}

export class Scene {
  readonly input: TopologyInput;
  readonly topology: Topology;
  readonly fake: FakeCluster;
  readonly client: Client;
  readonly taskQueue: string;
  private readonly environment: TestWorkflowEnvironment;
  private readonly identity: string | undefined;

  private constructor(
    environment: TestWorkflowEnvironment,
    { overrides, taskQueue, identity, ...shape }: SceneOptions,
  ) {
    const name = shape.name ?? `cluster-${process.pid}-${++count}`;
    this.taskQueue = taskQueue ?? SHARED_QUEUE;
    const input = aTopology({ ...shape, name }, overrides);
    const hosts = Object.entries(input.hosts).map(([host, spec]) => [host, { ...spec, taskQueue: this.taskQueue }]);
    this.input = { ...input, hosts: Object.fromEntries(hosts) };
    this.topology = parsed(this.input);
    this.fake = new FakeCluster(this.topology);
    this.environment = environment;
    this.client = environment.client;
    this.identity = identity;
  }

  static async make({ environment, ...options }: SceneOptions = {}): Promise<Scene> {
    if (environment === undefined && options.taskQueue === undefined) await (shared ??= shareWorker());
    return new Scene(environment ?? (await testTemporal()), options);
  }

  /** A worker of this scene's own, for tests that end it; they give the scene a task queue of its own. */
  worker(): Promise<Worker> {
    return startWorker(this.environment, this.taskQueue, this.identity);
  }

  /** Workflows whose ids begin so, and which somebody else starts, act on this scene's cluster. */
  expects(workflowId: string): void {
    scenes.set(workflowId, fakeActivities(this.fake, this.client));
  }

  start<W extends WorkflowName>(workflow: W, input: object = {}, workflowId = this.id(workflow)): Promise<Started<W>> {
    this.expects(workflowId);
    return this.client.workflow.start<(input: object) => Promise<Outputs[W]>>(workflow, {
      workflowId,
      taskQueue: this.taskQueue,
      args: [{ topology: this.input, ...input }],
    });
  }

  async execute<W extends WorkflowName>(workflow: W, input: object = {}): Promise<Outputs[W]> {
    return (await this.start(workflow, input)).result();
  }

  private id(workflow: WorkflowName): string {
    return `${workflow}-${this.topology.name}-${++count}`;
  }
}

interface Outputs {
  deployCluster: DeployOutput;
  planCluster: PlanOutput;
  verifyCluster: VerifyOutput;
  statusCluster: StatusOutput;
  destroyCluster: DestroyOutput;
  runDrill: DrillRecord;
}

export type Started<W extends WorkflowName> = WorkflowHandleWithFirstExecutionRunId<
  (input: object) => Promise<Outputs[W]>
>;

/** The progress once it is as wanted. */
export async function progressWhen(
  handle: { query: WorkflowHandleWithFirstExecutionRunId['query'] },
  wanted: (progress: Progress) => boolean,
): Promise<Progress> {
  for (const deadline = Date.now() + 20_000; ; await delay(20)) {
    const progress = await handle.query(progressQuery);
    if (wanted(progress)) return progress;
    if (Date.now() > deadline) throw new Error(`the progress never was as wanted: ${JSON.stringify(progress)}`);
  }
}

export const waitingFor = (handle: Parameters<typeof progressWhen>[0], ...ids: string[]): Promise<Progress> =>
  progressWhen(handle, (progress) => ids.every((id) => stepOf(progress, id)?.status === 'waiting'));

export const stepOf = (progress: Progress, id: string): StepProgress | undefined =>
  progress.steps.find((step) => step.id === id);

/** The failure that a person sees: the cause of the client's error. */
export async function failureOf(result: Promise<unknown>): Promise<{ type: string; message: string }> {
  const error: unknown = await result.then(
    () => assert.fail('it succeeded'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof WorkflowFailedError, String(error));
  const { cause } = error;
  assert.ok(cause !== undefined);
  return { type: cause instanceof ApplicationFailure ? (cause.type ?? '') : cause.name, message: cause.message };
}
