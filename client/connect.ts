import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { EverbrokerError } from '../core/failure.js';
import type { Environment, StateLayout } from '../core/state-layout.js';
import { answersTcp } from './embedded/ports.js';
import { ensureTemporalCli } from './embedded/temporal-cli.js';
import { DEFAULT_PORTS, findTemporalServer, startTemporalServer } from './embedded/temporal-server.js';

export interface ConnectOptions {
  state: StateLayout;
  env: Environment;
  log: (line: string) => void;
  /** false: only look for a server; used by commands that have nothing to do where none runs. */
  start?: boolean;
  signal?: AbortSignal;
}

export interface TemporalLink {
  client: Client;
  connection: Connection;
  address: string;
  namespace: string;
  /** The server was started from the state directory. */
  embedded: boolean;
  /** The page of a run in the Temporal UI; null where no UI is known. */
  uiUrl(workflowId: string, runId?: string): string | null;
  close(): Promise<void>;
}

/** Where a server is and how to reach it. */
interface Place {
  connectionOptions: ConnectionOptions;
  address: string;
  namespace: string;
  /** The UI's base URL. */
  ui: string | null;
  embedded: boolean;
}

const LOOPBACK = '127.0.0.1';
const PROBE_MS = 300;

/**
 * Connects to Temporal: the configured server (TEMPORAL_ADDRESS or a profile); else the one that was started from this
 * state directory; else one that already runs on 127.0.0.1:7233; else starts one. EVERBROKER_TEMPORAL=embedded allows
 * only the state directory's own.
 * @throws EverbrokerError TemporalUnreachable | TemporalDidNotStart | ArtefactUnavailable | InvalidInput
 */
export async function connect(options: ConnectOptions): Promise<TemporalLink> {
  const mode = options.env['EVERBROKER_TEMPORAL'] || 'auto';
  if (mode !== 'auto' && mode !== 'embedded') {
    throw new EverbrokerError('InvalidInput', `EVERBROKER_TEMPORAL=${mode}: must be "embedded", or not set`);
  }
  if (mode === 'embedded') return open(await embeddedPlace(options, 'default'));
  const { connectionOptions, namespace = 'default' } = configuration(options.env);
  const ui = options.env['TEMPORAL_UI_ADDRESS'] || null;
  const { address } = connectionOptions;
  if (address) return open({ connectionOptions, address, namespace, ui, embedded: false });
  if (!(await findTemporalServer(options.state))) {
    const link = await openLocal(namespace, ui);
    if (link) return link;
  }
  return open(await embeddedPlace(options, namespace));
}

function configuration(env: Environment): { connectionOptions: ConnectionOptions; namespace?: string } {
  const overrideEnvVars = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  try {
    return loadClientConnectConfig({ overrideEnvVars });
  } catch (error) {
    throw new EverbrokerError('InvalidInput', `the Temporal configuration: ${messageOf(error)}`, {}, { cause: error });
  }
}

/** A server at the default address that we did not start, such as a developer's own; null where none answers. */
async function openLocal(namespace: string, ui: string | null): Promise<TemporalLink | null> {
  if (!(await answersTcp(LOOPBACK, DEFAULT_PORTS.port, PROBE_MS))) return null;
  const address = `${LOOPBACK}:${DEFAULT_PORTS.port}`;
  const hasUi = ui === null && (await answersTcp(LOOPBACK, DEFAULT_PORTS.uiPort, PROBE_MS));
  const place = { connectionOptions: { address }, address, namespace, embedded: false };
  try {
    return await open({ ...place, ui: hasUi ? `http://${LOOPBACK}:${DEFAULT_PORTS.uiPort}` : ui });
  } catch (error) {
    // Something else listens there: ours will take another port.
    if (error instanceof EverbrokerError && error.details['reached'] === false) return null;
    throw error;
  }
}

async function embeddedPlace(options: ConnectOptions, namespace: string): Promise<Place> {
  const { state, env, log, signal } = options;
  const abort = signal ? { signal } : {};
  const server =
    options.start === false
      ? await findTemporalServer(state)
      : await startTemporalServer({
          state,
          cli: () => ensureTemporalCli({ cacheDir: state.cache, log, env, ...abort }),
          log,
          ...abort,
          ...(namespace === 'default' ? {} : { namespace }),
          ports: wantedPorts(env),
        });
  if (server === null) {
    throw new EverbrokerError('TemporalUnreachable', `no Temporal server was started from ${state.home}`, {
      state: state.home,
    });
  }
  const { address } = server;
  return { connectionOptions: { address }, address, namespace, ui: `http://${server.uiAddress}`, embedded: true };
}

/** EVERBROKER_TEMPORAL_PORT and EVERBROKER_TEMPORAL_UI_PORT; 0 takes any free one. */
function wantedPorts(env: Environment): typeof DEFAULT_PORTS {
  const read = (name: string, fallback: number): number => {
    const text = env[name];
    if (!text) return fallback;
    if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text);
    throw new EverbrokerError('InvalidInput', `${name}=${text}: must be a port, or 0 for any free one`);
  };
  const port = read('EVERBROKER_TEMPORAL_PORT', DEFAULT_PORTS.port);
  return { port, uiPort: read('EVERBROKER_TEMPORAL_UI_PORT', port === 0 ? 0 : DEFAULT_PORTS.uiPort) };
}

async function open(place: Place): Promise<TemporalLink> {
  const { address, namespace } = place;
  const connection = await reach(place);
  try {
    await connection.withDeadline(Date.now() + 10_000, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
  } catch (error) {
    await connection.close();
    throw unreachable(`Temporal at ${address}: the namespace ${namespace} cannot be used`, error, place, true);
  }
  return {
    client: new Client({ connection, namespace }),
    connection,
    address,
    namespace,
    embedded: place.embedded,
    uiUrl: (workflowId, runId) => runPage({ ui: place.ui, namespace, workflowId, runId }),
    close: () => connection.close(),
  };
}

async function reach(place: Place): Promise<Connection> {
  try {
    return await Connection.connect({ ...place.connectionOptions, connectTimeout: '5 seconds' });
  } catch (error) {
    throw unreachable(`Temporal at ${place.address} does not answer`, error, place, false);
  }
}

const unreachable = (what: string, error: unknown, place: Place, reached: boolean): EverbrokerError =>
  new EverbrokerError(
    'TemporalUnreachable',
    `${what}: ${messageOf(error)}`,
    { address: place.address, namespace: place.namespace, reached },
    { cause: error },
  );

function runPage(run: { ui: string | null; namespace: string; workflowId: string; runId: string | undefined }) {
  if (run.ui === null) return null;
  const base = `${run.ui.replace(/\/+$/, '')}/namespaces/${encodeURIComponent(run.namespace)}/workflows`;
  const id = encodeURIComponent(run.workflowId);
  return run.runId === undefined ? `${base}/${id}` : `${base}/${id}/${encodeURIComponent(run.runId)}/history`;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
