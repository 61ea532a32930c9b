/** The embedded server and worker, for real: start, find again, crash, stop, and everything that stands in their way. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect } from '../../client/connect.js';
import { isRunning } from '../../client/embedded/process-identity.js';
import { isServing } from '../../client/embedded/serving.js';
import { findTemporalServer, startTemporalServer, stopTemporalServer } from '../../client/embedded/temporal-server.js';
import { ensureWorker, stopWorker } from '../../client/embedded/worker-process.js';
import { openStateDir } from '../../client/state-dir.js';
import { SEARCH_ATTRIBUTES } from '../../core/naming.js';
import type { StateLayout } from '../../core/state-layout.js';
import { startTestServer, testTemporalCli } from '../support/temporal-server.js';
import { ensureSearchAttributes } from '../../worker/search-attributes.js';

let home = '';
let state: StateLayout;
let log: string[] = [];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'everbroker-embedded-'));
  state = await openStateDir({ EVERBROKER_HOME: home });
  log = [];
});
afterEach(async () => {
  await stopWorker(state, 1_000);
  await stopTemporalServer(state);
  await rm(home, { recursive: true, force: true });
});

const line = (text: string): void => void log.push(text);
const anyPorts = { port: 0, uiPort: 0 };
const start = (ports = anyPorts) => startTemporalServer({ state, cli: testTemporalCli, log: line, ports });
const embedded = async () => ({
  EVERBROKER_TEMPORAL: 'embedded',
  EVERBROKER_TEMPORAL_PORT: '0',
  TEMPORAL_CLI: await testTemporalCli(),
});

describe('the embedded Temporal server', () => {
  test('is started once by many at once, found again, and gone after it is stopped', async () => {
    const servers = await Promise.all([start(), start(), start()]);
    assert.equal(new Set(servers.map(({ pid }) => pid)).size, 1);
    const [server] = servers;
    assert.ok(server);
    assert.deepEqual(await findTemporalServer(state), server);
    assert.equal((await readFile(state.temporalPid, 'utf8')).trim(), String(server.pid));
    assert.equal(await stopTemporalServer(state), true);
    assert.equal(await isRunning(server), false);
    assert.equal(await findTemporalServer(state), null);
    assert.equal(await stopTemporalServer(state), false);
  });

  test('comes back after kill -9 at the same address with what it knew', async () => {
    const before = await start();
    const link = await connect({ state, env: await embedded(), log: line });
    await link.client.workflow.start('deployCluster', { taskQueue: 'nobody', workflowId: 'kept' });
    await link.close();
    process.kill(before.pid, 'SIGKILL');
    const after = await start();
    assert.notEqual(after.pid, before.pid);
    assert.equal(after.address, before.address);
    const again = await connect({ state, env: await embedded(), log: line });
    assert.equal((await again.client.workflow.getHandle('kept').describe()).status.name, 'RUNNING');
    await again.close();
  });

  test('takes other ports where its own are taken', async (t) => {
    const other = createServer().listen(0, '127.0.0.1');
    t.after(() => other.close());
    await once(other, 'listening');
    const address = other.address();
    assert.ok(address !== null && typeof address === 'object');
    const server = await start({ port: address.port, uiPort: address.port });
    assert.notEqual(server.address, `127.0.0.1:${address.port}`);
    assert.equal(await isServing(server.address), true);
  });

  test('whose pid is another process’s now is started anew, and that process is left alone', async (t) => {
    const stranger = spawn('sleep', ['600']);
    t.after(() => stranger.kill('SIGKILL'));
    const stale = { pid: stranger.pid, started: 'before', address: '127.0.0.1:1', uiAddress: '127.0.0.1:2' };
    await writeFile(state.temporalRecord, JSON.stringify(stale));
    const server = await start();
    assert.notEqual(server.pid, stranger.pid);
    assert.equal(stranger.signalCode, null);
  });

  test('that cannot start fails with the end of its log', async () => {
    await writeFile(state.temporalDatabase, 'this is no database, and the server will say so');
    await assert.rejects(start(), { type: 'TemporalDidNotStart', message: /file is not a database/ });
  });
});

describe('connecting', () => {
  test('goes to the configured address, and says so when nothing answers there', async () => {
    const env = { TEMPORAL_ADDRESS: '127.0.0.1:1', TEMPORAL_CONFIG_FILE: '/nonexistent' };
    await assert.rejects(connect({ state, env, log: line }), {
      type: 'TemporalUnreachable',
      message: /Temporal at 127\.0\.0\.1:1 does not answer/,
    });
  });

  test('uses a configured server as it is, and starts none', async () => {
    const server = await startTestServer();
    const env = { TEMPORAL_ADDRESS: server.address, TEMPORAL_CONFIG_FILE: '/nonexistent' };
    const link = await connect({ state, env, log: line });
    assert.deepEqual([link.embedded, link.address, link.uiUrl('a')], [false, server.address, null]);
    await link.close();
    assert.equal(await findTemporalServer(state), null);
    await assert.rejects(connect({ state, env: { ...env, TEMPORAL_NAMESPACE: 'none' }, log: line }), {
      type: 'TemporalUnreachable',
      message: /the namespace none cannot be used/,
    });
    await server.stop();
  });

  test('starts the embedded server only when asked to, and gives a run’s page in its UI', async () => {
    const env = await embedded();
    await assert.rejects(connect({ state, env, log: line, start: false }), { type: 'TemporalUnreachable' });
    const link = await connect({ state, env, log: line });
    const found = await findTemporalServer(state);
    assert.equal(
      link.uiUrl('cluster/ha-6', 'r1'),
      `http://${found?.uiAddress}/namespaces/default/workflows/cluster%2Fha-6/r1/history`,
    );
    await link.close();
  });

  test('finds the search attributes of its own server, and makes one that is missing', async () => {
    const link = await connect({ state, env: await embedded(), log: line });
    assert.deepEqual(await ensureSearchAttributes(link.connection, 'default'), []);
    const [first] = SEARCH_ATTRIBUTES;
    await link.connection.operatorService.removeSearchAttributes({ namespace: 'default', searchAttributes: [first] });
    assert.deepEqual(await ensureSearchAttributes(link.connection, 'default'), [first]);
    await link.close();
  });
});

describe('the worker process', () => {
  /** A real worker with a workflow that does nothing: what is tested is its process. */
  const workflowsPath = fileURLToPath(new URL('../fixtures/nothing-workflow.ts', import.meta.url));
  const script = `
    import { NativeConnection, Worker } from '@temporalio/worker';
    const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS });
    const worker = await Worker.create({ connection, taskQueue: process.env.EVERBROKER_TASK_QUEUE,
      workflowsPath: ${JSON.stringify(workflowsPath)} });
    await worker.run();`;
  const node = (code: string): string[] => [process.execPath, '--input-type=module', '-e', code];

  test('is started, found again, replaced for another build, and stopped', async () => {
    const env = await embedded();
    const link = await connect({ state, env, log: line });
    const { connection, address, namespace } = link;
    const base = { state, connection, address, namespace, taskQueue: 'everbroker', env, embedded: true, log: line };
    const wanted = { ...base, command: node(script), build: '1' };
    const first = await ensureWorker(wanted);
    assert.equal((await ensureWorker(wanted)).pid, first.pid);
    const second = await ensureWorker({ ...wanted, build: '2' });
    assert.notEqual(second.pid, first.pid);
    assert.equal(await isRunning(first), false);
    assert.ok(log.includes(`replacing the worker (pid ${first.pid}): it is of another build`), log.join('\n'));
    assert.equal(await stopWorker(state), true);
    assert.equal(await isRunning(second), false);
    await link.close();
  });

  test('that dies at once is reported with the end of its log', async () => {
    const env = await embedded();
    const link = await connect({ state, env, log: line });
    const { connection, address, namespace } = link;
    const base = { state, connection, address, namespace, taskQueue: 'everbroker', env, embedded: true, log: line };
    const failing = ensureWorker({ ...base, command: node('throw new Error("cannot go on")'), build: '1' });
    await assert.rejects(failing, { type: 'WorkerDidNotStart', message: /the worker ended;[^]*cannot go on/ });
    await link.close();
  });
});
