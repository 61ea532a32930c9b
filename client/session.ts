/** What a command needs before it can ask for anything: a Temporal server and, unless others run it, a worker. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { EverbrokerError } from '../core/failure.js';
import { DEFAULT_TASK_QUEUE } from '../core/naming.js';
import type { StateLayout } from '../core/state-layout.js';
import { connect, type TemporalLink } from './connect.js';
import { ensureWorker } from './embedded/worker-process.js';
import { Everbroker } from './everbroker.js';
import { openStateDir } from './state-dir.js';

export interface Session {
  everbroker: Everbroker;
  link: TemporalLink;
  state: StateLayout;
  close(): Promise<void>;
}

/**
 * With no Temporal configured a server and a worker are found or started; with one configured, the worker is somebody
 * else's, and it is only made sure that there is one.
 */
export async function openSession(log: (line: string) => void, env: NodeJS.ProcessEnv = process.env): Promise<Session> {
  const state = await openStateDir(env);
  const link = await connect({ state, env, log });
  const taskQueue = env['EVERBROKER_TASK_QUEUE'] ?? DEFAULT_TASK_QUEUE;
  try {
    if (ownsWorker(env)) {
      const { connection, address, namespace, embedded } = link;
      await ensureWorker({
        state,
        connection,
        address,
        namespace,
        taskQueue,
        command: workerCommand(),
        build: await buildId(),
        env,
        embedded,
        log,
      });
    } else {
      await insistOnWorker(link, taskQueue);
    }
  } catch (error) {
    await link.close();
    throw error;
  }
  return { everbroker: new Everbroker({ client: link.client, taskQueue }), link, state, close: () => link.close() };
}

const ownsWorker = (env: NodeJS.ProcessEnv): boolean =>
  env['EVERBROKER_TEMPORAL'] === 'embedded' ||
  (!env['TEMPORAL_ADDRESS'] && !env['TEMPORAL_PROFILE'] && !env['TEMPORAL_CONFIG_FILE']);

/** @throws EverbrokerError TemporalUnreachable when nobody polls the queue: the workflow would wait for ever. */
async function insistOnWorker({ connection, namespace, address }: TemporalLink, taskQueue: string): Promise<void> {
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: 1,
  });
  if ((pollers ?? []).length > 0) return;
  throw new EverbrokerError(
    'WorkerDidNotStart',
    `no worker polls task queue ${taskQueue} at ${address} (${namespace}): run \`everbroker worker\` where the Docker engine is`,
  );
}

const isSource = import.meta.url.endsWith('.ts');

export function workerCommand(): string[] {
  const main = fileURLToPath(new URL(`../worker/main.${isSource ? 'ts' : 'js'}`, import.meta.url));
  return isSource ? [process.execPath, '--import', 'tsx', main] : [process.execPath, main];
}

/** A worker of another build is replaced. From sources there is no build: its worker is always started anew. */
async function buildId(): Promise<string> {
  if (isSource) return `source-${process.pid}`;
  const stamps = ['code', 'bundle', 'probe'].map((part) =>
    readFile(new URL(`../.stamps/${part}`, import.meta.url), 'utf8').catch(() => ''),
  );
  return (await Promise.all(stamps)).join('-');
}
