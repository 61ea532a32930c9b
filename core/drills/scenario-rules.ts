/** What a scenario's fields say together. Each rule looks at the parts that are well-formed, whatever the others are. Pure. */
import { clip, type Finding } from '../topology/problem.js';
import { valueAt } from '../topology/schema-problems.js';
import { FAULTS, holdOf } from './faults.js';
import { scenarioSchema, type Scenario } from './scenario.js';

/** The well-formed parts of what was written. */
export type Salvage = { [Part in 'target' | 'fault' | 'load' | 'expect' | 'guards']?: Scenario[Part] };

export function salvageScenario(input: unknown): Salvage {
  const { target, fault, load, expect, guards } = scenarioSchema.shape;
  const at = (part: string): unknown => valueAt(input, [part]);
  return {
    ...part('target', target.safeParse(at('target'))),
    ...part('fault', fault.safeParse(at('fault'))),
    ...part('load', load.safeParse(at('load'))),
    ...part('expect', expect.safeParse(at('expect'))),
    ...part('guards', guards.safeParse(at('guards'))),
  };
}

const part = <Name extends string, Value>(
  name: Name,
  result: { success: true; data: Value } | { success: false },
): { [N in Name]?: Value } => (result.success ? ({ [name]: result.data } as { [N in Name]: Value }) : {});

type Rule = (scenario: Salvage) => (Omit<Finding, 'code'> | null)[];

const RULES: Record<string, Rule> = {
  'fault-of-target': ({ target, fault }) => {
    if (target === undefined || fault === undefined) return [];
    const { roles } = FAULTS[fault.kind];
    if (roles.includes(target.role)) return [];
    const message = `${fault.kind} is not done to ${target.role === 'none' ? 'nobody' : `a target of role ${target.role}`}`;
    return [{ at: ['target', 'role'], message, suggestion: `possible for ${fault.kind}: ${roles.join(', ')}` }];
  },

  'bridge-of-two': ({ target }) => [
    target?.role === 'bridge' && target.from !== undefined && target.from === target.to
      ? { at: ['target', 'to'], message: `is ${clip(target.from)}, as \`from\`: a bridge joins two groups` }
      : null,
  ],

  'room-in-time': ({ fault, load, guards }) => {
    if (fault === undefined || load === undefined || guards === undefined) return [];
    const seconds = load.warmUpSeconds + holdOf(fault) + load.afterSeconds;
    if (seconds < guards.atMostMinutes * 60) return [];
    const message = `is ${guards.atMostMinutes} min, but warm-up, hold and the time after it are ${Math.ceil(seconds)} s already`;
    return [{ at: ['guards', 'atMostMinutes'], message, suggestion: `at least ${Math.ceil(seconds / 60) + 2}` }];
  },

  'rto-needs-a-fault': ({ fault, expect }) => [
    fault?.kind === 'none' && expect !== undefined && expect.brokerRtoSeconds !== null
      ? { at: ['expect', 'brokerRtoSeconds'], message: 'there is nothing to recover from: the fault is none' }
      : null,
  ],

  /** Nobody can take over from a database: its brokers are back after the hold. */
  'database-rto': ({ fault, target, expect }) => [
    fault?.kind === 'restart-database' &&
    target?.role === 'database' &&
    expect !== undefined &&
    expect.producerRtoSeconds !== null &&
    expect.producerRtoSeconds <= fault.holdSeconds
      ? {
          at: ['expect', 'producerRtoSeconds'],
          message: `is ${expect.producerRtoSeconds}, but without its database no broker stores anything for ${fault.holdSeconds} s`,
          suggestion: `more than ${fault.holdSeconds}`,
        }
      : null,
  ],

  'load-that-flows': ({ load }) =>
    (load?.flows ?? []).map((flow, index) =>
      flow.transactionSize > flow.perSecond * 60
        ? {
            at: ['load', 'flows', index, 'transactionSize'],
            message: `is ${flow.transactionSize}, which takes ${Math.round(flow.transactionSize / flow.perSecond)} s at ${flow.perSecond} a second: nothing would be acknowledged for so long`,
          }
        : null,
    ),
};

export const scenarioFindings = (scenario: Salvage): Finding[] =>
  Object.entries(RULES).flatMap(([code, rule]) =>
    rule(scenario).flatMap((finding) => (finding === null ? [] : [{ ...finding, code }])),
  );
