/** The worker: registers workflows and activities on its task queue, and drains on SIGTERM. */
import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Deps } from '../activities/deps.js';
import { createActivities, type Activities } from '../activities/index.js';
import { assetPath } from '../artefacts/assets.js';
import { openStateDir } from '../client/state-dir.js';
import { closeSshConnections } from '../hosts/ssh-pool.js';
import { createDeps } from './deps.js';
import { createLog, runtimeOptions } from './logging.js';
import { workerOptionsFromEnv, type WorkerSettings } from './options.js';
import { ensureSearchAttributes } from './search-attributes.js';

/** @param make Other activities, for tests that let a worker die in the middle of one. */
export async function runWorker(
  env: NodeJS.ProcessEnv = process.env,
  make: (deps: Deps) => Activities = createActivities,
): Promise<void> {
  const read = workerOptionsFromEnv(env, process.cwd());
  if (!read.ok) throw new Error(`the worker's environment:\n  ${read.problems.join('\n  ')}`);
  const { settings } = read;
  const log = createLog(settings.logLevel);
  Runtime.install(runtimeOptions(log));
  await openStateDir(env);

  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const connection = await NativeConnection.connect(connectionOptions);
  const clientConnection = await Connection.connect(connectionOptions);
  try {
    const added = await ensureSearchAttributes(clientConnection, namespace);
    if (added.length > 0) log.info({ added }, 'added search attributes');
    const client = new Client({ connection: clientConnection, namespace });
    const deps = await createDeps(settings, client, (line) => log.info(line));
    const worker = await Worker.create({
      connection,
      namespace,
      taskQueue: settings.taskQueue,
      ...(await workflowSource()),
      activities: make(deps),
      ...tuning(settings),
    });
    log.info({ taskQueue: settings.taskQueue, namespace }, 'worker polls');
    await worker.run();
  } finally {
    await closeSshConnections();
    await clientConnection.close();
    await connection.close();
  }
}

/** The bundle of the build saves a second at every start; from sources the workflows are bundled anew. */
async function workflowSource(): Promise<Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'>> {
  const codePath = assetPath('workflow-bundle');
  const built =
    !import.meta.url.endsWith('.ts') &&
    (await access(codePath).then(
      () => true,
      () => false,
    ));
  return built
    ? { workflowBundle: { codePath } }
    : {
        workflowsPath: fileURLToPath(
          new URL(`../workflows/index.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
        ),
      };
}

/**
 * The throttle decides how soon an activity hears of its cancellation: 53 ms instead of seconds (measured), for a
 * heartbeat a second and activity.
 */
const tuning = (settings: WorkerSettings): Partial<WorkerOptions> => ({
  maxConcurrentActivityTaskExecutions: settings.maxConcurrentActivities,
  maxConcurrentWorkflowTaskExecutions: settings.maxConcurrentWorkflowTasks,
  shutdownGraceTime: `${settings.shutdownGraceSeconds} seconds`,
  maxHeartbeatThrottleInterval: '250 milliseconds',
  defaultHeartbeatThrottleInterval: '250 milliseconds',
});

if (process.argv[1] !== undefined && fileURLToPath(import.meta.url) === process.argv[1]) {
  runWorker().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
