import { makeTelemetryFilterString, type Logger, type LogLevel, type RuntimeOptions } from '@temporalio/worker';
import { pino, type DestinationStream, type Logger as Pino } from 'pino';

/** Keys whose values never reach a log, however deep; secrets are not logged anywhere, this is the second net. */
const SECRET_KEYS = ['password', 'secret', 'apiKey', 'token', 'credentials', 'privateKey', 'passphrase'];
const REDACTED = SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`, `*.*.*.${key}`]);

/** The worker's log: one JSON object a line on stdout (or `destination`). */
export function createLog(level: string, destination?: DestinationStream): Pino {
  const options = { level, base: { pid: process.pid }, redact: { paths: REDACTED, censor: '[redacted]' } };
  return destination ? pino(options, destination) : pino(options);
}

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** Temporal's logger over pino: the SDK gives (message, meta), pino takes (meta, message) and the error as `err`. */
export function temporalLogger(log: Pino): Logger {
  const write = (level: LogLevel, message: string, meta: Record<string | symbol, unknown> = {}): void => {
    const { error, ...rest } = meta;
    // Some hundred bytes of noise in every line of an activity.
    delete rest['taskToken'];
    log[LEVELS[level]](error === undefined ? rest : { ...rest, err: error }, message);
  };
  return {
    log: write,
    trace: (message, meta) => write('TRACE', message, meta),
    debug: (message, meta) => write('DEBUG', message, meta),
    info: (message, meta) => write('INFO', message, meta),
    warn: (message, meta) => write('WARN', message, meta),
    error: (message, meta) => write('ERROR', message, meta),
  };
}

/** For `Runtime.install`: once a process, before any worker or connection. */
export const runtimeOptions = (log: Pino): RuntimeOptions => ({
  logger: temporalLogger(log),
  telemetryOptions: {
    logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
  },
});
