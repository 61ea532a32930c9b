/**
 * The client for code: start an operation, follow it, await its typed result.
 *
 * ```ts
 * const everbroker = await Everbroker.connect();
 * const deployment = await everbroker.deploy({ topology: 'ha-6' });
 * const result = await deployment.result();
 * ```
 */
import { randomUUID } from 'node:crypto';
import type { Client, WorkflowHandle } from '@temporalio/client';
import {
  INPUTS,
  OUTPUTS,
  type DeployInput,
  type DeployOutput,
  type DestroyInput,
  type DestroyOutput,
  type DrillInput,
  type PlanInput,
  type PlanOutput,
  type StatusInput,
  type StatusOutput,
  type VerifyInput,
  type VerifyOutput,
  type WorkflowName,
} from '../core/contract.js';
import type { DrillRecord } from '../core/drills/record.js';
import { EverbrokerError } from '../core/failure.js';
import { DEFAULT_TASK_QUEUE } from '../core/naming.js';
import type { Progress } from '../core/progress.js';
import type { StepChoice } from '../workflows/messages.js';
import { connect } from './connect.js';
import { fromWorkflowFailure } from './failures.js';
import { Schedules } from './schedules.js';
import { openStateDir } from './state-dir.js';

export interface EverbrokerOptions {
  client: Client;
  /** Task queue of the workers; default `everbroker`. */
  taskQueue?: string;
}

export interface StartOptions {
  /** Id of the workflow; default made from verb, cluster and a random part. Starting a running id again fails. */
  workflowId?: string;
}

/** An operation that runs, or has ended. */
export interface OperationHandle<O> {
  readonly workflowId: string;
  readonly runId: string | undefined;
  /** @throws EverbrokerError with the failure's type (ClusterBusy, InvalidInput, …), message and details. */
  result(): Promise<O>;
  progress(): Promise<Progress>;
  pause(): Promise<Progress>;
  resume(): Promise<Progress>;
  retryStep(choice?: StepChoice): Promise<Progress>;
  skipStep(choice?: StepChoice): Promise<Progress>;
  abort(): Promise<Progress>;
  /** Stops at a clean point; result() then throws EverbrokerError Aborted. */
  cancel(): Promise<void>;
}

export class Everbroker {
  /** Drills and verifications that run by themselves. */
  readonly schedules: Schedules;
  private readonly client: Client;
  private readonly taskQueue: string;
  private readonly end: () => Promise<void>;

  constructor(options: EverbrokerOptions, end: () => Promise<void> = () => Promise.resolve()) {
    this.client = options.client;
    this.taskQueue = options.taskQueue ?? DEFAULT_TASK_QUEUE;
    this.end = end;
    this.schedules = new Schedules(this.client, this.taskQueue);
  }

  /** Connects as the CLI does (TEMPORAL_ADDRESS or profile, else a local server); starts nothing. */
  static async connect(env: NodeJS.ProcessEnv = process.env): Promise<Everbroker> {
    const state = await openStateDir(env);
    const link = await connect({ state, env, log: () => undefined, start: false });
    const taskQueue = env['EVERBROKER_TASK_QUEUE'];
    return new Everbroker({ client: link.client, ...(taskQueue === undefined ? {} : { taskQueue }) }, () =>
      link.close(),
    );
  }

  deploy(input: DeployInput, options?: StartOptions): Promise<OperationHandle<DeployOutput>> {
    return this.start('deployCluster', input, options);
  }

  plan(input: PlanInput, options?: StartOptions): Promise<OperationHandle<PlanOutput>> {
    return this.start('planCluster', input, options);
  }

  verify(input: VerifyInput, options?: StartOptions): Promise<OperationHandle<VerifyOutput>> {
    return this.start('verifyCluster', input, options);
  }

  status(input: StatusInput, options?: StartOptions): Promise<OperationHandle<StatusOutput>> {
    return this.start('statusCluster', input, options);
  }

  destroy(input: DestroyInput, options?: StartOptions): Promise<OperationHandle<DestroyOutput>> {
    return this.start('destroyCluster', input, options);
  }

  /**
   * Breaks the cluster on purpose, heals it, and gives the record.
   * result() throws EverbrokerError DrillFailed when the hypothesis did not hold; its details have the record.
   */
  drill(input: DrillInput, options?: StartOptions): Promise<OperationHandle<DrillRecord>> {
    return this.start('runDrill', input, options);
  }

  /** An operation that was started before, by anyone. */
  operation<W extends WorkflowName>(workflow: W, workflowId: string): OperationHandle<OutputOf<W>> {
    return handleOf(workflow, this.client.workflow.getHandle(workflowId), undefined);
  }

  close(): Promise<void> {
    return this.end();
  }

  private async start<W extends WorkflowName>(
    workflow: W,
    input: unknown,
    options: StartOptions = {},
  ): Promise<OperationHandle<OutputOf<W>>> {
    insistOnInput(workflow, input);
    const workflowId = options.workflowId ?? `${verbOf(workflow)}-${clusterIn(input)}-${randomUUID().slice(0, 8)}`;
    const handle = await this.client.workflow.start(workflow, {
      workflowId,
      taskQueue: this.taskQueue,
      args: [input],
      workflowIdConflictPolicy: 'FAIL',
      staticSummary: `${verbOf(workflow)} ${clusterIn(input)}`,
    });
    return handleOf(workflow, handle, handle.firstExecutionRunId);
  }
}

type Outputs = {
  deployCluster: DeployOutput;
  planCluster: PlanOutput;
  verifyCluster: VerifyOutput;
  statusCluster: StatusOutput;
  destroyCluster: DestroyOutput;
  runDrill: DrillRecord;
};
type OutputOf<W extends WorkflowName> = Outputs[W];

function handleOf<W extends WorkflowName>(
  workflow: W,
  handle: WorkflowHandle,
  runId: string | undefined,
): OperationHandle<OutputOf<W>> {
  const update = (name: string, input: unknown): Promise<Progress> =>
    handle.executeUpdate<Progress, [unknown]>(name, { args: [input] });
  return {
    workflowId: handle.workflowId,
    runId,
    async result() {
      const output: unknown = await handle.result().catch((error: unknown) => {
        throw fromWorkflowFailure(error);
      });
      return OUTPUTS[workflow].parse(output) as OutputOf<W>;
    },
    progress: () => handle.query<Progress>('progress'),
    pause: () => update('pause', {}),
    resume: () => update('resume', {}),
    retryStep: (choice) => update('retryStep', choice ?? {}),
    skipStep: (choice) => update('skipStep', choice ?? {}),
    abort: () => update('abort', {}),
    cancel: async () => void (await handle.cancel()),
  };
}

/** Early: a mistake in the input is told before a workflow exists. The worker checks again. */
function insistOnInput(workflow: WorkflowName, input: unknown): void {
  const parsed = INPUTS[workflow].safeParse(input);
  if (parsed.success) return;
  const problems = parsed.error.issues.map((issue) => ({
    path: issue.path.join('.') || 'input',
    message: issue.message,
  }));
  const lines = problems.map(({ path, message }) => `  ${path}: ${message}`);
  throw new EverbrokerError('InvalidInput', `the input of ${workflow}:\n${lines.join('\n')}`, { problems });
}

const verbOf = (workflow: WorkflowName): string =>
  workflow === 'runDrill' ? 'drill' : workflow.replace(/Cluster$/, '');

function clusterIn(input: unknown): string {
  if (typeof input !== 'object' || input === null) return 'cluster';
  const { cluster, topology }: { cluster?: unknown; topology?: unknown } = input;
  if (typeof cluster === 'string') return cluster;
  if (typeof topology === 'string') return topology;
  const name: unknown = typeof topology === 'object' && topology !== null ? Reflect.get(topology, 'name') : undefined;
  return typeof name === 'string' ? name : 'cluster';
}
