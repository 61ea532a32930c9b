/** Progress as it comes, on stderr: a line for each step that ended; on a terminal also what runs now. */
import type { Progress, StepProgress } from '../core/progress.js';
import { markOf, secondsOf } from '../core/progress.js';

/** Longer summaries push their note to the right; most of a cluster's are shorter. */
const WIDEST_SUMMARY = 48;

const NOTHING_SEEN: Progress = {
  operation: '',
  cluster: '',
  phase: '',
  paused: false,
  startedAt: 0,
  steps: [],
  nodes: [],
  warnings: [],
  notes: [],
};

/** Prints each step when it ends, with host, node and seconds; on a terminal also what runs now, on one line that moves. */
export class ProgressPrinter {
  private readonly printed = new Map<string, StepProgress['status']>();
  private readonly live: boolean;
  private readonly json: boolean;
  private notes = 0;
  private last: Progress | null = null;

  constructor(json: boolean) {
    this.json = json;
    this.live = !json && process.stderr.isTTY;
  }

  show(progress: Progress): void {
    this.last = progress;
    this.clear();
    for (const note of progress.notes.slice(this.notes))
      this.write(this.json ? JSON.stringify({ event: 'note', note }) : `  ${note}`);
    this.notes = progress.notes.length;
    const reported = progress.steps.filter(
      (step) => isReported(step.status) && this.printed.get(step.id) !== step.status,
    );
    for (const step of reported.sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0))) {
      this.printed.set(step.id, step.status);
      this.write(this.json ? JSON.stringify({ event: 'step', ...step }) : stepLine(step, progress));
    }
    if (this.live) process.stderr.write(liveLine(progress));
  }

  /** What was not seen on the way, from the operation's output: to ask an ended one, its worker must replay all of it. */
  showEnd(output: { timeline?: StepProgress[]; notes?: string[] }): void {
    const last = this.last ?? NOTHING_SEEN;
    this.show({ ...last, steps: output.timeline ?? last.steps, notes: output.notes ?? last.notes });
  }

  end(): void {
    this.clear();
  }

  /** After a failed run: the reasons of failed steps that the final message does not hold already. */
  failures(message: string): void {
    if (this.json) return;
    const left = (this.last?.steps ?? []).filter(
      ({ status, error = '' }) => status === 'failed' && error !== '' && !message.includes(error),
    );
    for (const step of left) this.write(`\n✖ ${step.summary}\n${indent(step.error ?? '')}`);
  }

  private write(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  private clear(): void {
    if (this.live) process.stderr.write('\r\u001b[K');
  }
}

const isReported = (status: StepProgress['status']): boolean => status !== 'pending' && status !== 'running';

/** `✔   2.2 s  mqbrokerAA  mq1 · start as master of brokerA    master after 2.2 s` */
export function stepLine(step: StepProgress, { steps }: Pick<Progress, 'steps'>): string {
  const seconds = secondsOf(step);
  const time = seconds === null ? '       ' : `${seconds.toFixed(1).padStart(5)} s`;
  const place = (step.host ?? '').padEnd(widest(steps.map(({ host = '' }) => host)));
  const summary = shortSummary(step).padEnd(Math.min(WIDEST_SUMMARY, widest(steps.map(shortSummary))));
  return `${markOf(step.status)} ${time}  ${place}  ${summary}  ${noteOf(step)}`.trimEnd();
}

function noteOf({ status, error = '', note = '' }: StepProgress): string {
  if (status === 'waiting') return `${indent(`\n${error}`)}\n  waits for the update retryStep, skipStep or abort`;
  // In full it comes at the end, where it does not scroll away.
  return status === 'failed' ? (error.split('\n')[0] ?? '') : note;
}

/** The host has its own column. */
const shortSummary = ({ host, summary }: StepProgress): string =>
  host !== undefined && summary.startsWith(`${host} · `) ? summary.slice(host.length + 3) : summary;

const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map((text) => text.length));
const indent = (text: string): string => text.replaceAll('\n', '\n  ').replace(/^(?!\n)/, '  ');

function liveLine(progress: Progress): string {
  const running = progress.steps.filter((step) => step.status === 'running').map((step) => step.summary);
  const text = progress.paused ? 'paused' : running.length > 0 ? running.join(' | ') : progress.phase;
  const seconds = Math.round((Date.now() - progress.startedAt) / 1000);
  const width = Math.max(20, (process.stderr.columns ?? 80) - 1);
  return `▶ ${seconds} s  ${text}`.slice(0, width);
}
