/** Progress of an operation: what the query returns, what the terminal prints, what the Temporal UI shows. Pure. */
import type { NodeResult } from './contract.js';

export type StepStatus = 'pending' | 'running' | 'done' | 'unchanged' | 'failed' | 'waiting' | 'skipped' | 'cancelled';

export interface StepProgress {
  id: string;
  summary: string;
  host?: string;
  group?: string;
  node?: string;
  status: StepStatus;
  /** Milliseconds since the epoch. */
  startedAt?: number;
  endedAt?: number;
  note?: string;
  /** Why it failed, in full; only with `failed` and `waiting`. */
  error?: string;
}

export interface Progress {
  operation: string;
  cluster: string;
  /** What is going on now, in one phrase. */
  phase: string;
  paused: boolean;
  startedAt: number;
  steps: StepProgress[];
  nodes: NodeResult[];
  warnings: string[];
  notes: string[];
}

const MARK: Record<StepStatus, string> = {
  pending: '·',
  running: '▶',
  done: '✔',
  unchanged: '=',
  failed: '✖',
  waiting: '⏸',
  skipped: '↷',
  cancelled: '■',
};

export const markOf = (status: StepStatus): string => MARK[status];

/** Seconds that a step took, or null while it has not ended. */
export const secondsOf = (step: StepProgress): number | null =>
  step.startedAt === undefined || step.endedAt === undefined ? null : (step.endedAt - step.startedAt) / 1000;

/** The run as a dashboard: Markdown for the "current details" of the Temporal UI. */
export function detailsMarkdown(progress: Progress): string {
  const waiting = progress.steps.filter((step) => step.status === 'waiting');
  return [
    `**${progress.operation} ${progress.cluster}**: ${progress.paused ? 'paused (update `resume`)' : progress.phase}`,
    ...waiting.map(
      (step) =>
        `⏸ **${step.summary}** failed and waits for the update \`retryStep\`, \`skipStep\` or \`abort\` (\`{"step": "${step.id}"}\`):\n\n${fence(step.error ?? '')}`,
    ),
    nodesTable(progress.nodes),
    stepsTable(progress.steps),
    ...progress.notes.map((note) => `- ${note}`),
    ...progress.warnings.map((warning) => `- ⚠ ${warning}`),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** The UI draws tables without padding; an em space keeps columns apart. */
const cells = (row: readonly string[]): string =>
  `| ${row.map((cell) => `${cell.replaceAll('|', '\\|')}\u2003`).join(' | ')} |`;

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  return [cells(head), `|${'---|'.repeat(head.length)}`, ...rows.map(cells)].join('\n');
}

const nodesTable = (nodes: NodeResult[]): string =>
  markdownTable(
    ['node', 'group', 'host', 'role', 'openwire', 'console'],
    nodes.map((node) => [node.node, node.group, node.host, node.role, String(node.openwire), String(node.console)]),
  );

const stepsTable = (steps: StepProgress[]): string =>
  markdownTable(
    ['', 'step', 's', ''],
    steps.map((step) => {
      const seconds = secondsOf(step);
      const note = step.status === 'failed' ? firstLine(step.error ?? '') : (step.note ?? '');
      return [markOf(step.status), step.summary, seconds === null ? '' : seconds.toFixed(1), note];
    }),
  );

const firstLine = (text: string): string => text.split('\n')[0] ?? '';
const fence = (text: string): string => `\`\`\`\n${text}\n\`\`\``;
