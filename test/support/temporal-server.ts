/** Real Temporal servers for tests, each on free ports, ended with the test process, also when that is killed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { after } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { choosePorts } from '../../client/embedded/ports.js';
import { isServing } from '../../client/embedded/serving.js';
import { ensureTemporalCli, ensureTestServer } from '../../client/embedded/temporal-cli.js';
import { devServerArguments } from '../../client/embedded/temporal-server.js';
import { stateLayout } from '../../core/state-layout.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const programs = { cacheDir: stateLayout(process.env, PROJECT).cache, log: (line: string) => console.error(line) };
const environments: TestWorkflowEnvironment[] = [];
const servers: ChildProcess[] = [];

after(stopTestServers);

/** The Temporal CLI, for tests that start servers of their own. */
export const testTemporalCli = (): Promise<string> => ensureTemporalCli(programs);

let shared: Promise<TestWorkflowEnvironment> | undefined;

/** The one dev server of this test file: in memory, tuned as the embedded one, with the search attributes. */
export function testTemporal(): Promise<TestWorkflowEnvironment> {
  return (shared ??= startTestServer().then(async ({ address }) => {
    const environment = await TestWorkflowEnvironment.createFromExistingServer({ address });
    environments.push(environment);
    return environment;
  }));
}

/** A server whose time jumps to the next timer while nothing works; one for each test file. */
export async function skippingTemporal(): Promise<TestWorkflowEnvironment> {
  const path = await ensureTestServer(programs);
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  environments.push(environment);
  const keyword = 2;
  await environment.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: {
      EverbrokerCluster: keyword,
      EverbrokerOperation: keyword,
      EverbrokerVerdict: keyword,
      EverbrokerScenario: keyword,
    },
  });
  return environment;
}

/** A dev server of its own, for tests that kill it; `database: null` keeps everything in memory. */
export async function startTestServer(where: { database: string | null; port?: number } = { database: null }) {
  const { port } = await choosePorts({ port: where.port ?? 0, uiPort: 0 });
  const cli = await testTemporalCli();
  const argv = [cli, ...devServerArguments({ port, uiPort: null, database: where.database })];
  // The shell ends the server when its standard input closes: the system closes it even if this process is killed.
  const script = '"$@" & server=$!; cat >/dev/null; kill -9 "$server"';
  const child = spawn('sh', ['-c', script, 'sh', ...argv], { stdio: ['pipe', 'ignore', 'ignore'] });
  servers.push(child);
  const address = `127.0.0.1:${port}`;
  for (const deadline = Date.now() + 60_000; !(await isServing(address)); await delay(30)) {
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error(`the test server at ${address} did not start`);
  }
  return { address, port, stop: () => stop(child) };
}

const users: (() => Promise<void>)[] = [];

/** What must end before the servers do: workers. */
export const beforeServersStop = (end: () => Promise<void>): unknown => users.push(end);

/** Ends every server and environment of this process; runs by itself after the last test. */
export async function stopTestServers(): Promise<void> {
  for (const end of users.splice(0)) await end();
  for (const environment of environments.splice(0)) await environment.teardown();
  for (const child of servers.splice(0)) await stop(child);
  shared = undefined;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.stdin?.end();
  await ended;
}
