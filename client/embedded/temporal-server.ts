/** The dev server that Everbroker starts for itself. Only the one that its record names is ever stopped. */
import { mkdir } from 'node:fs/promises';
import { z } from 'zod';
import { EverbrokerError } from '../../core/failure.js';
import { SEARCH_ATTRIBUTES } from '../../core/naming.js';
import type { StateLayout } from '../../core/state-layout.js';
import { endOfFile, spawnDetached } from './detached.js';
import { withLock } from './lock.js';
import { choosePorts, type TemporalPorts } from './ports.js';
import { endProcess, processIdentitySchema } from './process-identity.js';
import { readLastRecord, readRecord, removeRecord, writeRecord } from './process-record.js';
import { becomesReady, isServing } from './serving.js';

const recordSchema = processIdentitySchema.extend({ address: z.string(), uiAddress: z.string() });
export type TemporalServer = z.infer<typeof recordSchema>;

export interface StartTemporalOptions {
  state: StateLayout;
  /** Gives the CLI's path; asked only when a server must really be started. */
  cli: () => Promise<string>;
  log: (line: string) => void;
  signal?: AbortSignal;
  /** Namespace to make besides `default`. */
  namespace?: string;
  /** Wanted ports; others are taken where these are not free. 0 means any. */
  ports?: TemporalPorts;
}

export const DEFAULT_PORTS: TemporalPorts = { port: 7233, uiPort: 8233 };

/** A new database answers in 0.2 s on an idle machine; this is for a loaded one. */
const READY_TIMEOUT_MS = 60_000;
/** The server flushes its database on SIGTERM, in well under a second. */
const STOP_GRACE_MS = 15_000;
/** Between choosing a port and binding it someone else may take it. */
const ATTEMPTS = 3;

/**
 * The arguments of a dev server that is quick enough: by default each task waits 50 ms for one poller's rate limit and
 * each timer a full second, and SQLite syncs at every commit.
 */
export function devServerArguments(where: {
  port: number;
  uiPort: number | null;
  database: string | null;
  namespace?: string;
}): string[] {
  const dynamic = [
    'history.transferProcessorMaxPollRPS=1000',
    'history.timerProcessorMaxPollRPS=1000',
    'history.timerProcessorMaxTimeShift="10ms"',
    'frontend.WorkflowPauseEnabled=true',
  ];
  const pragmas = ['journal_mode=wal', 'synchronous=normal'];
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(where.port), '--log-level', 'warn'],
    ...(where.uiPort === null ? ['--headless'] : ['--ui-port', String(where.uiPort)]),
    ...(where.namespace === undefined ? [] : ['--namespace', where.namespace]),
    ...(where.database === null ? [] : ['--db-filename', where.database]),
    ...(where.database === null ? [] : pragmas.flatMap((pragma) => ['--sqlite-pragma', pragma])),
    ...dynamic.flatMap((value) => ['--dynamic-config-value', value]),
    ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
  ];
}

/** The server that was started from this state directory, if it still runs and answers. */
export async function findTemporalServer(state: StateLayout): Promise<TemporalServer | null> {
  const server = await readRecord(state.temporalRecord, recordSchema);
  return server !== null && (await isServing(server.address)) ? server : null;
}

/**
 * The state directory's server, started if it does not run.
 * @throws EverbrokerError TemporalDidNotStart with the end of its log.
 */
export async function startTemporalServer(options: StartTemporalOptions): Promise<TemporalServer> {
  const { state } = options;
  const found = await findTemporalServer(state);
  if (found) return found;
  await mkdir(state.home, { recursive: true, mode: 0o700 });
  return withLock(
    `${state.lock}.temporal`,
    async () => {
      const recorded = await readRecord(state.temporalRecord, recordSchema);
      if (recorded !== null && (await answers(recorded, options.signal))) return recorded;
      // It runs but does not answer: it would keep the database from the new one.
      if (recorded !== null) await endProcess(recorded, STOP_GRACE_MS);
      return startNew(options);
    },
    options.signal,
  );
}

/** Stops the state directory's server. Says whether there was one. */
export async function stopTemporalServer(state: StateLayout): Promise<boolean> {
  return withLock(`${state.lock}.temporal`, async () => {
    const server = await readRecord(state.temporalRecord, recordSchema);
    const outcome = server === null ? 'not running' : await endProcess(server, STOP_GRACE_MS);
    await removeRecord(files(state));
    return outcome !== 'not running';
  });
}

async function startNew(options: StartTemporalOptions): Promise<TemporalServer> {
  const cli = await options.cli();
  for (let attempt = 1; ; attempt++) {
    const server = await spawnServer(cli, options);
    if (await answers(server, options.signal)) {
      options.log(`Temporal server started: ${server.address}, UI http://${server.uiAddress}`);
      return server;
    }
    await endProcess(server, STOP_GRACE_MS);
    const end = await endOfFile(options.state.temporalLog, 12);
    if (attempt < ATTEMPTS && /address already in use/i.test(end)) continue;
    throw new EverbrokerError(
      'TemporalDidNotStart',
      `the Temporal server did not become ready at ${server.address}; the end of ${options.state.temporalLog}:\n${end}`,
      { address: server.address, log: options.state.temporalLog },
    );
  }
}

async function spawnServer(cli: string, { state, namespace, ports }: StartTemporalOptions): Promise<TemporalServer> {
  const { port, uiPort } = await choosePorts((await lastPorts(state)) ?? ports ?? DEFAULT_PORTS);
  const where = { port, uiPort, database: state.temporalDatabase, ...(namespace === undefined ? {} : { namespace }) };
  const identity = await spawnDetached([cli, ...devServerArguments(where)], {
    cwd: state.home,
    logFile: state.temporalLog,
    // The server needs nothing of what a user's environment may hold: secrets, proxies, Temporal profiles.
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TMPDIR: process.env['TMPDIR'] },
  });
  const server = { ...identity, address: `127.0.0.1:${port}`, uiAddress: `127.0.0.1:${uiPort}` };
  // Written before it is ready: if this process dies now, the next one finds the server and waits for it.
  await writeRecord(files(state), server);
  return server;
}

/** After a crash the server comes back where its workers still look for it. */
async function lastPorts(state: StateLayout): Promise<TemporalPorts | null> {
  const last = await readLastRecord(state.temporalRecord, recordSchema);
  return last && { port: portOf(last.address), uiPort: portOf(last.uiAddress) };
}

const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1));

const files = (state: StateLayout): { record: string; pid: string } => ({
  record: state.temporalRecord,
  pid: state.temporalPid,
});

const answers = (server: TemporalServer, signal: AbortSignal | undefined): Promise<boolean> =>
  becomesReady(server, () => isServing(server.address), { timeoutMs: READY_TIMEOUT_MS, signal });
