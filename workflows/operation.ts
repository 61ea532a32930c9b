/**
 * One operation as the outside sees it: its steps with their states, pausing, and what happens to a step that failed.
 * It runs nothing itself; workflows hand it each step with the function that does it.
 */
import { ApplicationFailure, condition, isCancellation, setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { NodeResult } from '../core/contract.js';
import type { Step, StepResult } from '../core/plan/step.js';
import { detailsMarkdown, type Progress, type StepProgress } from '../core/progress.js';
import type { Problem } from '../core/topology/problem.js';
import {
  abortUpdate,
  pauseUpdate,
  progressQuery,
  resumeUpdate,
  retryStepUpdate,
  skipStepUpdate,
  type StepChoice,
} from './messages.js';
import { failureText } from './failure-text.js';

/** What is shown of a step; a plan's steps say more. */
export type ShownStep = Pick<Step, 'id' | 'summary' | 'host' | 'group' | 'node'>;

export interface FailurePolicy {
  onFailure: 'fail' | 'wait';
  waitAtMostMinutes: number;
}

type Decision = 'retry' | 'skip';

export class Operation {
  readonly progress: Progress;
  private readonly decisions = new Map<string, Decision>();
  private policy: FailurePolicy = { onFailure: 'fail', waitAtMostMinutes: 0 };
  private aborted = false;
  private readonly onAbort: (() => void)[] = [];

  constructor(operation: string) {
    this.progress = {
      operation,
      cluster: '',
      phase: 'reading the input',
      paused: false,
      startedAt: Date.now(),
      steps: [],
      nodes: [],
      warnings: [],
      notes: [],
    };
    this.listen();
    this.show();
  }

  begin(cluster: string, policy: FailurePolicy): void {
    this.policy = policy;
    this.progress.cluster = cluster;
    this.show();
  }

  phase(phase: string): void {
    this.progress.phase = phase;
    this.show();
  }

  note(text: string): void {
    this.progress.notes.push(text);
    this.show();
  }

  warn(warnings: readonly Problem[]): void {
    this.progress.warnings = warnings.map((warning) => `${warning.path}: ${warning.message}`);
    this.show();
  }

  nodes(nodes: NodeResult[]): void {
    this.progress.nodes = nodes;
    this.show();
  }

  pause(): void {
    this.progress.paused = true;
    this.show();
  }

  /**
   * Shows steps that are still to come. A second plan (after a look again) adds only what is new; what has failed and is
   * not in it has come about otherwise.
   */
  announce(steps: readonly ShownStep[]): void {
    const ids = new Set(steps.map((step) => step.id));
    for (const entry of this.progress.steps) {
      if (entry.status !== 'failed' || ids.has(entry.id)) continue;
      delete entry.error;
      Object.assign(entry, { status: 'unchanged', note: 'in place when looked at again' });
    }
    for (const step of steps) this.entry(step);
    this.show();
  }

  /**
   * Runs one step through to its end: waits while paused, and after a failure for a decision if the policy says so.
   * One that is not `gated` is not held up, neither by a pause nor by an abort: what is broken on purpose is to be healed.
   * @throws what `run` threw under `onFailure: fail`; ApplicationFailure Aborted.
   */
  async step(
    step: ShownStep,
    run: () => Promise<StepResult>,
    { gated = true }: { gated?: boolean } = {},
  ): Promise<StepResult> {
    const entry = this.entry(step);
    for (;;) {
      if (gated) await this.gate();
      Object.assign(entry, { status: 'running', startedAt: entry.startedAt ?? Date.now() });
      this.show();
      try {
        const result = await run();
        this.end(entry, result.changed ? 'done' : 'unchanged', result.note);
        return result;
      } catch (error) {
        if (isCancellation(error)) this.end(entry, 'cancelled');
        else this.end(entry, 'failed', undefined, failureText(error));
        if (isCancellation(error) || this.policy.onFailure === 'fail') throw error;
        if ((await this.decisionFor(entry, error)) === 'skip') {
          this.end(entry, 'skipped');
          return { changed: false };
        }
      }
    }
  }

  /** Steps that ran, changed something, or were skipped: for the result. */
  counts(): { run: number; changed: number; skipped: number } {
    const count = (...of: StepProgress['status'][]): number =>
      this.progress.steps.filter((step) => of.includes(step.status)).length;
    return { run: count('done', 'unchanged'), changed: count('done'), skipped: count('skipped') };
  }

  /** For what must not wait for the next step when the operation is aborted. */
  whenAborted(act: () => void): void {
    this.onAbort.push(act);
  }

  private async gate(): Promise<void> {
    if (this.progress.paused) await condition(() => !this.progress.paused || this.aborted);
    this.throwIfAborted();
  }

  private async decisionFor(entry: StepProgress, error: unknown): Promise<Decision> {
    entry.status = 'waiting';
    delete entry.endedAt;
    this.show();
    const decided = (): boolean => this.aborted || this.decisions.has(entry.id);
    const inTime = await condition(decided, `${this.policy.waitAtMostMinutes} minutes`);
    this.throwIfAborted();
    const decision = this.decisions.get(entry.id);
    this.decisions.delete(entry.id);
    if (!inTime || decision === undefined) {
      this.end(entry, 'failed', undefined, entry.error);
      throw error;
    }
    return decision;
  }

  private throwIfAborted(): void {
    if (this.aborted)
      throw ApplicationFailure.create({ type: 'Aborted', nonRetryable: true, message: 'aborted on request' });
  }

  private entry(step: ShownStep): StepProgress {
    const known = this.progress.steps.find((other) => other.id === step.id);
    if (known !== undefined) return known;
    const { id, summary, host, group, node } = step;
    const made: StepProgress = {
      id,
      summary,
      status: 'pending',
      ...(host === undefined ? {} : { host }),
      ...(group === undefined ? {} : { group }),
      ...(node === undefined ? {} : { node }),
    };
    this.progress.steps.push(made);
    return made;
  }

  private end(entry: StepProgress, status: StepProgress['status'], note?: string, error?: string): void {
    Object.assign(entry, { status, endedAt: Date.now() });
    if (note !== undefined) entry.note = note;
    if (error !== undefined) entry.error = error;
    this.show();
  }

  private show(): void {
    setCurrentDetails(detailsMarkdown(this.progress));
  }

  private listen(): void {
    const act = (change: () => void) => (): Progress => {
      change();
      this.show();
      return this.progress;
    };
    const decide =
      (decision: Decision) =>
      (choice?: StepChoice): Progress => {
        this.decisions.set(this.waitingStep(choice), decision);
        return this.progress;
      };
    const validator = (choice?: StepChoice): void => void this.waitingStep(choice);
    setHandler(progressQuery, () => this.progress, { description: 'Steps and nodes, as they are now. No input.' });
    setHandler(
      pauseUpdate,
      act(() => (this.progress.paused = true)),
      { description: 'Start no further step until resume. Input: {}' },
    );
    setHandler(
      resumeUpdate,
      act(() => (this.progress.paused = false)),
      { description: 'Go on after pause. Input: {}' },
    );
    setHandler(retryStepUpdate, decide('retry'), {
      validator,
      description: 'Try a failed step again. Input: {"step": "startNode/mq2"} or {} if only one waits',
    });
    setHandler(skipStepUpdate, decide('skip'), {
      validator,
      description: 'Go on without a failed step. Input: {"step": "startNode/mq2"} or {} if only one waits',
    });
    setHandler(
      abortUpdate,
      act(() => {
        this.aborted = true;
        for (const told of this.onAbort) told();
      }),
      { description: 'End the operation at the next clean point. Input: {}' },
    );
  }

  /** @throws Error, which rejects the update with its text, when it is not clear which waiting step is meant. */
  private waitingStep(choice?: StepChoice): string {
    const waiting = this.progress.steps.filter((step) => step.status === 'waiting').map((step) => step.id);
    const chosen = choice?.step ?? (waiting.length === 1 ? waiting[0] : undefined);
    if (chosen !== undefined && waiting.includes(chosen)) return chosen;
    throw new Error(waiting.length === 0 ? 'no step waits' : `say which step; waiting: ${waiting.join(', ')}`);
  }
}
