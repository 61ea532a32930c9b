import {
  JOLOKIA_PATHS,
  parseBridges,
  parseBroker,
  parseHealth,
  type BrokerReading,
  type JolokiaAnswer,
} from '../core/health/jolokia-reading.js';
import { EverbrokerError } from '../core/failure.js';
import type { Login } from '../core/secrets.js';
import type { Host } from '../hosts/host.js';
import { HostHttp } from './http-over-host.js';

export interface ReadBrokerOptions {
  /** The console's port on the host. */
  port: number;
  login: Login;
  timeoutMs: number;
  /** Of the authority to trust, PEM, where the console speaks TLS. */
  ca?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** Jolokia's strict checking wants an origin; the rendered policy allows this one. */
export const JOLOKIA_ORIGIN = 'http://localhost';

/** Nobody listens, or the listener went away before an answer (a port proxy accepts for a closed port and hangs up). */
const REFUSED = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTPUBLISHED'];

/**
 * Reads the broker behind a console port. Every state of a broker is a value.
 * @throws EverbrokerError HostUnreachable when the host itself cannot be reached, or the signal's reason.
 */
export async function readBroker(
  host: Host,
  { port, login, timeoutMs, ca, signal }: ReadBrokerOptions,
): Promise<BrokerReading> {
  signal?.throwIfAborted();
  const timeout = AbortSignal.timeout(timeoutMs);
  const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
  const http = new HostHttp(host, { port, timeoutMs, signal: either, ca });
  try {
    return await readAll((path) => http.get(path, { login, origin: JOLOKIA_ORIGIN }));
  } catch (error) {
    signal?.throwIfAborted();
    if (timeout.aborted) return { state: 'timeout' };
    return fromError(error);
  } finally {
    http.destroy();
  }
}

type Get = (path: string) => Promise<{ status: number; body: string }>;

async function readAll(get: Get): Promise<BrokerReading> {
  const broker = await ask(get, JOLOKIA_PATHS.broker, parseBroker);
  if ('state' in broker) return broker;
  const health = await ask(get, JOLOKIA_PATHS.health, parseHealth);
  if ('state' in health) return health;
  const bridges = await ask(get, JOLOKIA_PATHS.bridges, parseBridges);
  if ('state' in bridges) return bridges;
  return { state: 'answered', broker: { ...broker.value, status: health.value, bridges: bridges.value } };
}

async function ask<T>(
  get: Get,
  path: string,
  parse: (body: string) => JolokiaAnswer<T>,
): Promise<{ value: T } | BrokerReading> {
  const { status, body } = await get(path);
  if (status === 401) return { state: 'unauthorized' };
  if (status !== 200) return { state: 'unexpected', httpStatus: status, detail: `HTTP ${status}` };
  const parsed = parse(body);
  if (parsed.ok) return { value: parsed.value };
  return { state: 'unexpected', httpStatus: status, detail: `Jolokia ${parsed.status}: ${parsed.error}`.slice(0, 500) };
}

function fromError(error: unknown): BrokerReading {
  const code = codeOf(error);
  if (code !== undefined && REFUSED.includes(code)) return { state: 'refused', detail: code };
  if (code === 'ETIMEDOUT') return { state: 'timeout' };
  if (error instanceof EverbrokerError) throw error;
  return { state: 'unexpected', httpStatus: null, detail: error instanceof Error ? error.message : String(error) };
}

/** The system's code of an error, also of one that a host wrapped. */
function codeOf(error: unknown): string | undefined {
  const code =
    error instanceof EverbrokerError ? error.details.code : error instanceof Error && 'code' in error && error.code;
  if (typeof code === 'string') return code;
  return error instanceof Error && error.cause !== undefined ? codeOf(error.cause) : undefined;
}
