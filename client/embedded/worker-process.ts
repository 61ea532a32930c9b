/** The worker that Everbroker starts beside its command line. Only the one that its record names is ever stopped. */
import { createHash } from 'node:crypto';
import type { Connection } from '@temporalio/client';
import { z } from 'zod';
import { EverbrokerError } from '../../core/failure.js';
import type { Environment, StateLayout } from '../../core/state-layout.js';
import { endOfFile, spawnDetached } from './detached.js';
import { withLock } from './lock.js';
import { endProcess, processIdentitySchema } from './process-identity.js';
import { readRecord, removeRecord, writeRecord } from './process-record.js';
import { becomesReady } from './serving.js';

const recordSchema = processIdentitySchema.extend({
  address: z.string(),
  namespace: z.string(),
  taskQueue: z.string(),
  /** Which code it runs. */
  build: z.string(),
  /** Hash of the environment that it was started with. */
  settings: z.string(),
});
export type WorkerProcess = z.infer<typeof recordSchema>;

export interface EnsureWorkerOptions {
  state: StateLayout;
  connection: Connection;
  address: string;
  namespace: string;
  taskQueue: string;
  /** What to run: `node dist/worker/main.js`, or from sources `node --import tsx worker/main.ts`. */
  command: readonly string[];
  /** Changes with the worker's code: a worker of another build is replaced. */
  build: string;
  /** The user's environment; what the worker reads of it is passed on. */
  env: Environment;
  /** The server is ours: the user's Temporal profile (TLS, API key) is for another one and is kept from the worker. */
  embedded: boolean;
  log: (line: string) => void;
  signal?: AbortSignal;
}

/** From sources the worker bundles its workflows first: some seconds, many on a loaded machine. */
const READY_TIMEOUT_MS = 120_000;
/** Activities get this long to heartbeat, give up and report; they are retried on the next worker. */
const DRAIN_MS = 30_000;

/**
 * A worker of this build that polls the task queue of this server, started or replaced if need be.
 * @throws EverbrokerError WorkerDidNotStart with the end of its log.
 */
export async function ensureWorker(options: EnsureWorkerOptions): Promise<WorkerProcess> {
  const wanted = wantedOf(options);
  const running = await readRecord(options.state.workerRecord, recordSchema);
  if (running && mismatch(running, wanted) === null && (await polls(running, options))) return running;
  return withLock(
    `${options.state.lock}.worker`,
    async () => (await keepOrEnd(wanted, options)) ?? startNew(wanted, options),
    options.signal,
  );
}

/** Lets the state directory's worker finish (SIGTERM, at most `drainMs`) and ends it. Says whether there was one. */
export async function stopWorker(state: StateLayout, drainMs = DRAIN_MS): Promise<boolean> {
  return withLock(`${state.lock}.worker`, async () => {
    const worker = await readRecord(state.workerRecord, recordSchema);
    const outcome = worker === null ? 'not running' : await endProcess(worker, drainMs);
    await removeRecord(files(state));
    return outcome !== 'not running';
  });
}

type Wanted = Omit<WorkerProcess, 'pid' | 'started'>;

function wantedOf({ address, namespace, taskQueue, build, env }: EnsureWorkerOptions): Wanted {
  const settings = createHash('sha256')
    .update(JSON.stringify(Object.entries(settingsOf(env)).sort()))
    .digest('hex');
  return { address, namespace, taskQueue, build, settings };
}

/** Why the running worker is not the wanted one, in the user's words. */
function mismatch(running: WorkerProcess, wanted: Wanted): string | null {
  if (running.build !== wanted.build) return 'it is of another build';
  if (running.address !== wanted.address) return `it works for ${running.address}`;
  if (running.namespace !== wanted.namespace) return `it works for the namespace ${running.namespace}`;
  if (running.taskQueue !== wanted.taskQueue) return `it works for the task queue ${running.taskQueue}`;
  return running.settings === wanted.settings ? null : 'its settings (environment) are others';
}

async function keepOrEnd(wanted: Wanted, options: EnsureWorkerOptions): Promise<WorkerProcess | null> {
  const running = await readRecord(options.state.workerRecord, recordSchema);
  if (running === null) return null;
  const reason = mismatch(running, wanted) ?? ((await isReady(running, options)) ? null : 'it does not poll');
  if (reason === null) return running;
  options.log(`replacing the worker (pid ${running.pid}): ${reason}`);
  await endProcess(running, DRAIN_MS);
  return null;
}

async function startNew(wanted: Wanted, options: EnsureWorkerOptions): Promise<WorkerProcess> {
  const { state, signal } = options;
  const identity = await spawnDetached(options.command, {
    cwd: process.cwd(),
    logFile: state.workerLog,
    env: workerEnvironment(options),
  });
  const worker = { ...identity, ...wanted };
  await writeRecord(files(state), worker);
  if (await isReady(worker, options)) {
    options.log(`worker started: task queue ${worker.taskQueue}, pid ${worker.pid}`);
    return worker;
  }
  const outcome = await endProcess(worker, DRAIN_MS);
  signal?.throwIfAborted();
  await removeRecord(files(state));
  const what = outcome === 'not running' ? 'ended' : `did not poll within ${READY_TIMEOUT_MS / 1000} s`;
  throw new EverbrokerError(
    'WorkerDidNotStart',
    `the worker ${what}; the end of ${state.workerLog}:\n${await endOfFile(state.workerLog, 15)}`,
    { log: state.workerLog, pid: worker.pid, address: worker.address },
  );
}

const isReady = (worker: WorkerProcess, options: EnsureWorkerOptions): Promise<boolean> =>
  becomesReady(worker, () => polls(worker, options), { timeoutMs: READY_TIMEOUT_MS, signal: options.signal });

/** Whether the server has seen this very process poll: the SDK's default identity is `<pid>@<host name>`. */
async function polls(worker: WorkerProcess, { connection }: EnsureWorkerOptions): Promise<boolean> {
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace: worker.namespace,
    taskQueue: { name: worker.taskQueue },
    taskQueueType: 1, // workflow
  });
  return (pollers ?? []).some((poller) => poller.identity?.startsWith(`${worker.pid}@`));
}

/** What of the environment changes how the worker works. */
const settingsOf = (env: Environment): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value !== undefined && /^(EVERBROKER|DOCKER|TEMPORAL)_/.test(name) ? [[name, value]] : [],
    ),
  );

function workerEnvironment({ env, embedded, address, namespace, taskQueue, state }: EnsureWorkerOptions) {
  const inherited = Object.fromEntries(
    Object.entries(env).filter(([name]) => !(embedded && name.startsWith('TEMPORAL_'))),
  );
  return {
    ...inherited,
    // A profile file would add its TLS settings and API key to our address. A file that is not there is no
    // configuration; an empty one (/dev/null) makes envconfig 1.24 throw.
    ...(embedded ? { TEMPORAL_CONFIG_FILE: `${state.home}/no-profiles.toml` } : {}),
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    EVERBROKER_TASK_QUEUE: taskQueue,
    EVERBROKER_HOME: state.home,
    EVERBROKER_CACHE: state.cache,
    EVERBROKER_SECRETS_DIR: state.secrets,
  };
}

const files = (state: StateLayout): { record: string; pid: string } => ({
  record: state.workerRecord,
  pid: state.workerPid,
});
