/** The edge to dockerode: addresses, deadlines and errors are translated here once. Nothing outside hosts/ imports it. */
import { inspect } from 'node:util';
import { Agent } from 'node:http';
import Docker from 'dockerode';
import { EverbrokerError } from '../core/failure.js';
import { currentContext } from './docker-context.js';

export interface DockerClient {
  docker: Docker;
  /** As in DOCKER_HOST: unix:///var/run/docker.sock, tcp://host:2375, ssh://user@host. */
  address: string;
  /** The engine runs on this machine, so its bridges, addresses and ports are this machine's too. */
  isLocal: boolean;
  /** Where ports that the engine publishes are reached from here. */
  hostname: string;
}

/** How a call may be cut short: by the caller, or because the engine hangs. */
export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Default 30 s: an idle engine answers in milliseconds, one under a start of many containers in seconds. */
  timeoutMs?: number | undefined;
}

const DEFAULT_CALL_MS = 30_000;

/**
 * docker-modem formats the options of every request to their last depth, whether anybody reads it or not. Through an
 * agent or a signal that leads to all that the process holds: seven seconds of CPU a call, measured in a worker.
 */
function unprinted<T extends object>(value: T): T {
  return Object.defineProperty(value, inspect.custom, { value: () => value.constructor.name });
}

/** A client without state of its own: every call is a connection, so opening one costs nothing. */
export function dockerClient(address = currentContext().address): DockerClient {
  if (address.startsWith('unix://')) {
    const socketPath = address.slice('unix://'.length) || '/var/run/docker.sock';
    // host '' so that a DOCKER_HOST in the environment does not win over the address asked for. No keep-alive: after
    // a restart of the engine the first call over a pooled connection would fail.
    const options = {
      socketPath,
      host: '',
      protocol: 'http' as const,
      agent: unprinted(new Agent({ keepAlive: false })),
    };
    return { docker: new Docker(options), address, isLocal: true, hostname: '127.0.0.1' };
  }
  const url = parseAddress(address);
  return { docker: remoteClient(address, url), address, isLocal: false, hostname: url.hostname };
}

function parseAddress(address: string): URL {
  try {
    return new URL(address);
  } catch (cause) {
    const example = 'unix:///var/run/docker.sock or tcp://host:2375';
    throw new EverbrokerError('InvalidInput', `${address} is no Docker address such as ${example}`, {}, { cause });
  }
}

function remoteClient(address: string, url: URL): Docker {
  // dockerode reads certificates, TLS and SSH settings itself when the address is the environment's.
  if (address === process.env['DOCKER_HOST']) return new Docker();
  if (url.protocol === 'ssh:') {
    return new Docker({ protocol: 'ssh', host: url.hostname, port: url.port || 22, username: url.username });
  }
  const context = currentContext();
  const tls = context.address === address ? context.tls : undefined;
  const secure = tls !== undefined || url.port === '2376';
  const port = url.port || (secure ? 2376 : 2375);
  return new Docker({ protocol: secure ? 'https' : 'http', host: url.hostname, port, ...tls });
}

/**
 * Runs one call to the engine with a deadline.
 * @throws EverbrokerError EngineUnreachable when it does not answer; CommandFailed with `details.status` when it refuses;
 * the signal's reason when cancelled.
 */
export async function call<T>(
  client: DockerClient,
  { what, signal, timeoutMs = DEFAULT_CALL_MS }: CallOptions & { what: string },
  request: (abortSignal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  unprinted(controller.signal);
  const late = new EverbrokerError(
    'EngineUnreachable',
    `${at(client)} did not answer within ${timeoutMs} ms (${what})`,
  );
  const timer = setTimeout(() => controller.abort(late), timeoutMs);
  const cancel = () => controller.abort(signal?.reason);
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    return await Promise.race([request(controller.signal), rejectOnAbort(controller.signal)]);
  } catch (error) {
    if (controller.signal.aborted) throw controller.signal.reason;
    throw translated(client, what, error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', cancel);
  }
}

/** Some of dockerode's calls do not look at their signal; this ends the wait for them too. */
const rejectOnAbort = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

function translated(client: DockerClient, what: string, error: unknown): EverbrokerError {
  if (error instanceof EverbrokerError) return error;
  const status = property(error, 'statusCode');
  const text = error instanceof Error ? error.message.trim() : String(error);
  if (typeof status === 'number') {
    const said = property(property(error, 'json'), 'message');
    const message = typeof said === 'string' ? said : text;
    const details = { status, engine: client.address, output: message };
    return new EverbrokerError('CommandFailed', `Docker refused to ${what}: ${message}`, details, { cause: error });
  }
  const code = property(error, 'code');
  const details = { engine: client.address, code };
  return new EverbrokerError('EngineUnreachable', `${at(client)} cannot be reached: ${text}${hint(code)}`, details, {
    cause: error,
  });
}

const at = (client: DockerClient): string => `the Docker engine at ${client.address}`;

function hint(code: unknown): string {
  if (code === 'EACCES') return '; this user may not use the socket (group docker)';
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return '; is dockerd running?';
  return '';
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

/** Whether the engine answered with this HTTP status. */
export const hasStatus = (error: unknown, status: number): boolean =>
  error instanceof EverbrokerError && error.details['status'] === status;

/** The answer, or null where the engine says 404. */
export async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}
