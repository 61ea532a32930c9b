/** Where commands write: results to stdout, progress and errors to stderr, so that output can be piped. */
import type { Progress, StepProgress } from '../core/progress.js';
import { markOf, secondsOf } from '../core/progress.js';
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

/** Prints each step when it ends, with host, node and seconds; on a terminal also what runs now, on one line that moves. */
export class ProgressPrinter {
  private readonly printed = new Map<string, StepProgress['status']>();
  private readonly live: boolean;
  private readonly json: boolean;
  private notes = 0;

  constructor(json: boolean) {
    this.json = json;
    this.live = !json && process.stderr.isTTY;
  }

  show(progress: Progress): void {
    this.clear();
    for (const note of progress.notes.slice(this.notes)) this.write(`  ${note}`);
    this.notes = progress.notes.length;
    const reported = progress.steps.filter(
      (step) => isReported(step.status) && this.printed.get(step.id) !== step.status,
    );
    for (const step of reported.sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0))) {
      this.printed.set(step.id, step.status);
      this.write(this.json ? JSON.stringify({ event: 'step', ...step }) : stepLine(step));
    }
    if (this.live) process.stderr.write(liveLine(progress));
  }

  end(): void {
    this.clear();
  }

  private write(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  private clear(): void {
    if (this.live) process.stderr.write('\r\u001b[K');
  }
}

const isReported = (status: StepProgress['status']): boolean => status !== 'pending' && status !== 'running';

function stepLine(step: StepProgress): string {
  const seconds = secondsOf(step);
  const time = seconds === null ? '       ' : `${seconds.toFixed(1).padStart(5)} s`;
  const place = (step.host ?? '').padEnd(12);
  const note = step.error === undefined ? (step.note ?? '') : `\n${step.error}`;
  const advice = step.status === 'waiting' ? '\n  waits for the update retryStep, skipStep or abort' : '';
  return `${markOf(step.status)} ${time}  ${place} ${step.summary.padEnd(44)} ${note}${advice}`.trimEnd();
}

function liveLine(progress: Progress): string {
  const running = progress.steps.filter((step) => step.status === 'running').map((step) => step.summary);
  const text = progress.paused ? 'paused' : running.length > 0 ? running.join(' | ') : progress.phase;
  const seconds = Math.round((Date.now() - progress.startedAt) / 1000);
  const width = Math.max(20, (process.stderr.columns ?? 80) - 1);
  return `▶ ${seconds} s  ${text}`.slice(0, width);
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
