/**
 * A whole Everbroker for system tests: a Temporal server of its own, a worker process that may be killed, a state
 * directory, and clusters with names, ports and subnets of their own. Everything is removed again, also when a test fails.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { Everbroker } from '../../client/everbroker.js';
import type { StatusOutput } from '../../core/contract.js';
import type { Topology } from '../../core/topology/topology.js';
import type { TopologyInput } from '../../core/topology/schema.js';
import { containerName } from '../../core/naming.js';
import { openDockerEngine, type DockerEngine } from '../../hosts/docker-engine.js';
import { openDockerHost } from '../../hosts/docker-host.js';
import type { Host } from '../../hosts/host.js';
import { JRE_IMAGE } from '../../images/jre-image.js';
import { stateLayout } from '../../core/state-layout.js';
import { parsed } from './topologies.js';
import { freePort } from './free-port.js';
import { answersTcp } from '../../client/embedded/ports.js';
import { startTestServer } from './temporal-server.js';
import type { Crash } from './crashing-worker.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const WORKER = join(PROJECT, 'dist/worker/main.js');
const CRASHING_WORKER = join(PROJECT, 'test/support/crashing-worker.ts');
const READY_MS = 60_000;

export interface SystemOptions {
  /** Keeps the server's data in a file, for tests that kill the server. */
  durable?: boolean;
  /** More environment for the worker. */
  env?: Record<string, string>;
  taskQueue?: string;
  /** Address of the engine that the worker uses and that is cleaned up; default the machine's own. */
  engine?: string;
  /** A server that runs already, for a second worker or a second state directory. */
  address?: string;
}

export class System {
  readonly everbroker: Everbroker;
  readonly client: Client;
  readonly engine: DockerEngine;
  /** State directory: credentials, worker.log. */
  readonly home: string;
  readonly address: string;
  readonly taskQueue: string;
  private readonly connection: Connection;
  private readonly options: SystemOptions;
  private readonly clusters = new Set<string>();
  private worker: ChildProcess | undefined;
  private server: TestServer | undefined;

  private constructor(made: {
    connection: Connection;
    home: string;
    address: string;
    options: SystemOptions;
    server: TestServer | undefined;
  }) {
    this.connection = made.connection;
    this.home = made.home;
    this.address = made.address;
    this.options = made.options;
    this.server = made.server;
    this.taskQueue = made.options.taskQueue ?? 'everbroker';
    this.client = new Client({ connection: made.connection });
    this.everbroker = new Everbroker({ client: this.client, taskQueue: this.taskQueue });
    this.engine = openDockerEngine(made.options.engine);
  }

  static async start(options: SystemOptions = {}): Promise<System> {
    const home = await mkdtemp(join(tmpdir(), 'everbroker-system-'));
    const server =
      options.address === undefined ? await startTestServer({ database: databaseOf(home, options) }) : undefined;
    const address = options.address ?? server?.address ?? '';
    const connection = await Connection.connect({ address });
    const system = new System({ connection, home, address, options, server });
    await system.startWorker();
    return system;
  }

  get workerPid(): number {
    return this.worker?.pid ?? 0;
  }

  /** What the worker has logged so far. */
  workerLog(): Promise<string> {
    return readFile(join(this.home, 'worker.log'), 'utf8');
  }

  /** With a crash the worker ends itself by kill -9 at that very moment; `workerEnded` tells. */
  async startWorker(crash?: Crash): Promise<void> {
    const log = createWriteStream(join(this.home, 'worker.log'), { flags: 'a' });
    await new Promise((resolve) => log.once('open', resolve));
    const { EVERBROKER_TEMPORAL: _mode, ...inherited } = process.env;
    const program = crash === undefined ? [WORKER] : ['--import', 'tsx', CRASHING_WORKER, JSON.stringify(crash)];
    this.worker = spawn(process.execPath, program, {
      stdio: ['ignore', log, log],
      cwd: PROJECT,
      env: {
        ...inherited,
        TEMPORAL_ADDRESS: this.address,
        EVERBROKER_HOME: this.home,
        EVERBROKER_CACHE: stateLayout(process.env, PROJECT).cache,
        EVERBROKER_TASK_QUEUE: this.taskQueue,
        ...(this.options.engine === undefined ? {} : { DOCKER_HOST: this.options.engine }),
        ...this.options.env,
      },
    });
    const pid = this.worker.pid ?? 0;
    for (const deadline = Date.now() + READY_MS; !(await this.polls(pid)); await pause(50)) {
      if (this.worker.exitCode !== null || Date.now() > deadline) {
        throw new Error(`the worker did not start:\n${await this.workerLog()}`);
      }
    }
  }

  /** kill -9: what it was doing is left as it is. */
  async killWorker(): Promise<void> {
    await this.endWorker('SIGKILL');
  }

  async stopWorker(): Promise<void> {
    await this.endWorker('SIGTERM');
  }

  /** Resolves with the signal that ended the worker, once it has. */
  async workerEnded(): Promise<NodeJS.Signals | null> {
    const { worker } = this;
    if (worker === undefined) return null;
    await until('the worker ends', () => worker.exitCode !== null || worker.signalCode !== null, 180_000);
    return worker.signalCode;
  }

  /** kill -9; with `durable` the next one goes on where this one was. */
  async killServer(): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    await server.stop();
    // The shell around the server ends before the killed server itself has let its port go.
    await until('the port of the server is free', async () => !(await answersTcp('127.0.0.1', server.port, 1000)));
  }

  /** On the same database and port. */
  async startServer(): Promise<void> {
    if (this.server === undefined) throw new Error('this system has no server of its own');
    const { port } = this.server;
    this.server = await startTestServer({ database: databaseOf(this.home, this.options), port });
    if (this.server.port !== port) throw new Error(`port ${port} was taken meanwhile`);
  }

  private async endWorker(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const worker = this.worker;
    if (worker === undefined || worker.exitCode !== null || worker.signalCode !== null) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.kill(signal);
    await ended;
  }

  private async polls(pid: number): Promise<boolean> {
    const { pollers } = await this.connection.workflowService.describeTaskQueue({
      namespace: 'default',
      taskQueue: { name: this.taskQueue },
      taskQueueType: 1,
    });
    return (pollers ?? []).some((poller) => poller.identity?.startsWith(`${pid}@`));
  }

  /**
   * A cluster's topology with a free name, free ports and a subnet of its own; removed with the system.
   * Hosts come with a JRE unless the overrides say otherwise: installing one takes half a minute.
   */
  async topology(shape: ClusterShape = {}, overrides: Partial<TopologyInput> = {}): Promise<Topology> {
    const topology = parsed({ ...(await clusterInput(shape)), ...overrides });
    this.clusters.add(topology.name);
    return topology;
  }

  /** Marks a cluster for removal that a test has named itself. */
  owns(cluster: string): void {
    this.clusters.add(cluster);
  }

  host(topology: Topology, host: string): Host {
    return openDockerHost({ engine: this.engine, container: containerName(topology, host), name: host });
  }

  /** Runs a shell script as root in a host and insists on success. */
  async sh(topology: Topology, host: string, script: string): Promise<string> {
    const result = await this.host(topology, host).exec(['sh', '-c', script], { timeoutMs: 60_000 });
    if (result.exitCode !== 0)
      throw new Error(`${script}: exit code ${result.exitCode}\n${result.stdout}${result.stderr}`);
    return result.stdout;
  }

  async credentials(
    cluster: string,
  ): Promise<Record<'console' | 'client' | 'bridge' | 'probe', { user: string; password: string }>> {
    return JSON.parse(await readFile(join(this.home, 'credentials', `${cluster}.json`), 'utf8')) as never;
  }

  /** Waits until the cluster's status is as wanted; what it was instead is in the error. */
  async untilStatus(cluster: string, wanted: (status: StatusOutput) => boolean): Promise<void> {
    let last: StatusOutput | undefined;
    try {
      await until(
        `the status of ${cluster}`,
        async () => wanted((last = await (await this.everbroker.status({ cluster })).result())),
        120_000,
      );
    } catch (error) {
      throw new Error(`the status is not as wanted: ${JSON.stringify(last)}`, { cause: error });
    }
  }

  /** Ends the worker and the server and removes every cluster with all that it had. */
  async stop(): Promise<void> {
    try {
      await this.stopWorker();
      for (const cluster of this.clusters) await removeCluster(this.engine, cluster);
    } finally {
      await this.connection.close();
      await this.server?.stop();
      await rm(this.home, { recursive: true, force: true });
    }
  }
}

type TestServer = Awaited<ReturnType<typeof startTestServer>>;

const databaseOf = (home: string, { durable }: SystemOptions): string | null =>
  durable ? join(home, 'temporal.db') : null;

export interface ClusterShape {
  groups?: number;
  nodesPerGroup?: number;
  /** One host a group, unless all share one. */
  oneHost?: boolean;
  name?: string;
}

export async function clusterInput({
  groups = 1,
  nodesPerGroup = 2,
  oneHost = false,
  name,
}: ClusterShape): Promise<TopologyInput> {
  const cluster = name ?? `t-${randomInt(0x10000000, 0x7fffffff).toString(16)}`;
  const subnet = `10.${randomInt(100, 200)}.${randomInt(0, 256)}`;
  const network = { name: `${cluster}-net`, subnet: `${subnet}.0/24` };
  const hosts: TopologyInput['hosts'] = {};
  const all: TopologyInput['groups'] = {};
  let number = 0;
  for (let group = 1; group <= groups; group++) {
    const host = oneHost ? 'host1' : `host${group}`;
    hosts[host] = { kind: 'docker', address: `${subnet}.${10 + (oneHost ? 1 : group)}`, network, image: JRE_IMAGE };
    const nodes: TopologyInput['groups'][string]['nodes'] = {};
    for (let node = 1; node <= nodesPerGroup; node++) {
      number += 1;
      nodes[`mq${number}`] = { host, openwire: await freePort(), console: await freePort() };
    }
    const first = Object.keys(nodes)[0] ?? '';
    all[`broker${letter(group)}`] = {
      store: { kind: 'kahadb', directory: `/usr/local/mqcluster/${first}/data/kahadb` },
      nodes,
    };
  }
  const bridges = Array.from({ length: groups - 1 }, (_, index) => ({
    name: `to${letter(index + 2)}`,
    from: `broker${letter(index + 1)}`,
    to: `broker${letter(index + 2)}`,
  }));
  return { version: 1, name: cluster, activemq: { version: '5.18.3' }, hosts, groups: all, bridges };
}

const letter = (number: number): string => String.fromCharCode(64 + number);

/** Role by node. */
export const rolesOf = (nodes: readonly { node: string; role: string }[]): Record<string, string> =>
  Object.fromEntries(nodes.map(({ node, role }) => [node, role]));

/** The checks that failed, for a message that shows them. */
export const failedChecks = <C extends { ok: boolean }>(checks: readonly C[]): C[] =>
  checks.filter((check) => !check.ok);

/** Removes all that carries the cluster's label, data included. */
export async function removeCluster(engine: DockerEngine, cluster: string): Promise<void> {
  for (const { id } of await engine.listContainers(cluster)) await engine.removeContainer(id, { force: true });
  for (const { id } of await engine.listNetworks(cluster)) await engine.removeNetwork(id);
  for (const { name } of await engine.listVolumes(cluster)) await engine.removeVolume(name);
}

/** Polls until the condition holds. @throws Error with `what` after the time-out */
export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
  timeoutMs = 60_000,
): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; !(await condition()); await pause(100)) {
    if (Date.now() > deadline) throw new Error(`did not happen within ${timeoutMs} ms: ${what}`);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
