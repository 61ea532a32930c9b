/** Where the time of a deployment went, from the steps that the command line tells as JSON lines. Pure. */
import { z } from 'zod';

/** Seconds by phase, in the order in which they began. */
export type Phases = Record<string, number>;

const stepEvent = z.object({
  event: z.literal('step'),
  id: z.string(),
  summary: z.string(),
  startedAt: z.number().optional(),
  endedAt: z.number().optional(),
});
type StepEvent = z.output<typeof stepEvent>;

const PHASE_OF: Record<string, string> = {
  createNetwork: 'containers',
  createContainer: 'containers',
  prepareHost: 'containers',
  installJava: 'Java',
  shareSecrets: 'credentials',
  installActiveMQ: 'unpack',
  configureNode: 'configure',
  verifyRoles: 'roles',
  proveMessages: 'proof',
  makeClassData: 'class data',
};

export function parseSteps(stderr: string): StepEvent[] {
  return stderr.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return [];
    const parsed = stepEvent.safeParse(JSON.parse(line));
    return parsed.success ? [parsed.data] : [];
  });
}

const phaseOf = ({ id, summary }: StepEvent): string => {
  const kind = id.split('/')[0] ?? '';
  if (kind === 'startNode') return summary.includes(' as master') ? 'start master' : 'start slaves';
  return PHASE_OF[kind] ?? kind;
};

/**
 * A phase lasts from the first start to the last end of its steps. Hosts and groups go side by side, so phases overlap
 * and their sum is more than the whole.
 */
export function phasesOf(steps: readonly StepEvent[], command: { startedAt: number; seconds: number }): Phases {
  const spans = new Map<string, { from: number; to: number }>();
  for (const step of steps) {
    if (step.startedAt === undefined || step.endedAt === undefined) continue;
    const span = spans.get(phaseOf(step)) ?? { from: Infinity, to: 0 };
    spans.set(phaseOf(step), {
      from: Math.min(span.from, step.startedAt),
      to: Math.max(span.to, step.endedAt),
    });
  }
  const ordered = [...spans].sort(([, a], [, b]) => a.from - b.from);
  if (ordered.length === 0) return {};
  const first = Math.min(...ordered.map(([, span]) => span.from));
  const last = Math.max(...ordered.map(([, span]) => span.to));
  return {
    'command, look, plan': (first - command.startedAt) / 1000,
    ...Object.fromEntries(ordered.map(([name, span]) => [name, (span.to - span.from) / 1000])),
    'result and end': command.seconds - (last - command.startedAt) / 1000,
  };
}

/**
 * Seconds from the start of the command to where the cluster counts as proven: messages have crossed and the roles of every
 * group are verified, whichever is last.
 */
export function provenAfter(steps: readonly StepEvent[], startedAt: number): number {
  const ends = steps.flatMap(({ id, endedAt }) => (isProof(id) && endedAt !== undefined ? [endedAt] : []));
  if (!steps.some(({ id, endedAt }) => id === 'proveMessages' && endedAt !== undefined))
    throw new Error('the deployment proved nothing');
  return (Math.max(...ends) - startedAt) / 1000;
}

const isProof = (id: string): boolean => id === 'proveMessages' || id.startsWith('verifyRoles/');
