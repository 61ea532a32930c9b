/** Where commands write: results to stdout, progress and errors to stderr, so that output can be piped. */
import { EverbrokerError, FAILURES } from '../core/failure.js';

export interface Terminal {
  json: boolean;
  /** The command's result: text for people, or one JSON document. */
  result(text: string, data: unknown): void;
  /** Something worth a line while it works; dropped in --json. */
  line(text: string): void;
}

export function openTerminal(json: boolean): Terminal {
  return {
    json,
    result: (text, data) => process.stdout.write(json ? `${JSON.stringify(data)}\n` : `${text}\n`),
    line: (text) => {
      if (!json) process.stderr.write(`${text}\n`);
    },
  };
}

/** Reports an error as the user's: message, what to do, and the exit code of its kind. */
export function reportError(error: unknown, json: boolean): number {
  const known = error instanceof EverbrokerError ? error : null;
  const exitCode = known === null ? 1 : FAILURES[known.type].exitCode;
  const message = error instanceof Error ? error.message : String(error);
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ error: { type: known?.type ?? 'Unexpected', message, details: known?.details ?? {}, exitCode } })}\n`,
    );
    return exitCode;
  }
  const hint = known !== null && !message.includes('\n→ ') ? `\n→ ${FAILURES[known.type].hint}` : '';
  process.stderr.write(`${known === null ? 'error' : known.type}: ${message}${hint}\n`);
  if (known === null && error instanceof Error && process.env['EVERBROKER_DEBUG'])
    process.stderr.write(`${error.stack ?? ''}\n`);
  return exitCode;
}

/** What was started goes on without this command. */
const INTERRUPTED = 130;

/** The end of a command that was interrupted twice. */
export function reportInterrupted(workflowId: string, json: boolean): number {
  const message = `interrupted; ${workflowId} is cancelled and runs on to its next clean point without this command`;
  if (json) {
    const error = { type: 'Interrupted', message, details: { workflowId }, exitCode: INTERRUPTED };
    process.stdout.write(`${JSON.stringify({ error })}\n`);
  } else {
    process.stderr.write(`${message}\n`);
  }
  return INTERRUPTED;
}
