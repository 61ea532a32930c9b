/**
 * From what was done and seen to the verdict. Pure. What nobody may excuse (a fault that is still there, two masters, lost or
 * foreign messages) fails a drill however it went; a drill that proves nothing is inconclusive, never passed.
 */
import { lanesOf, twoMastersIn, type Groups, type Stretch } from './lanes.js';
import type { Ledger } from './ledger.js';
import { judgeLoad } from './judge-load.js';
import type { DrillVerdict, Hypothesis, Injection } from './record.js';
import { brokerRto, redundancyBack } from './recovery.js';
import type { RoleSample } from './samples.js';
import type { Expectation, Scenario } from './scenario.js';
import type { UnseenQueue } from './stuck.js';

/** A fault as it was done; what the samples tell of its recovery is measured here. */
export type Done = Omit<Injection, 'brokerRtoSeconds' | 'redundancyBackSeconds'>;

export interface Evidence {
  scenario: Scenario;
  /** Nodes by group. */
  groups: Groups;
  /** Whether the topology has any, so that `bridgesBackSeconds` of each injection tells something. */
  hasBridges: boolean;
  injections: readonly Done[];
  samples: readonly RoleSample[];
  ledger: Ledger | null;
  /** Queues that could not be looked into after draining; null when nobody has looked. */
  unseen: readonly UnseenQueue[] | null;
  /** Every fault was looked for at the end and not found. */
  healed: boolean;
  /** Why it was ended before its time (a guard, the longest time, a cancellation), else null. */
  aborted: string | null;
}

export interface Judgement {
  injections: Injection[];
  hypotheses: Hypothesis[];
  verdict: Exclude<DrillVerdict, 'skipped'>;
  /** In one sentence. */
  reason: string;
}

export function judge(evidence: Evidence): Judgement {
  const lanes = lanesOf(evidence.samples);
  const injections = measure(evidence, lanes);
  const hypotheses = [
    healedHypothesis(evidence),
    oneMaster(evidence, lanes),
    ...judgeLoad(evidence),
    ...recoveries(evidence, injections),
  ];
  return { injections, hypotheses, ...verdictOf(evidence, hypotheses) };
}

function measure({ groups, injections, samples }: Evidence, lanes: ReadonlyMap<string, Stretch[]>): Injection[] {
  const end = Math.max(0, ...samples.map(({ at }) => at));
  return injections.map((done, index) => {
    const from = done.injectedAt;
    const until = injections[index + 1]?.injectedAt ?? end;
    const seen = samples.length > 0;
    return {
      ...done,
      brokerRtoSeconds:
        seen && done.group !== null ? brokerRto(groups, { group: done.group, lanes }, { from, until }) : null,
      redundancyBackSeconds:
        seen && done.healedAt !== null ? redundancyBack(groups, lanes, { from, until, healedAt: done.healedAt }) : null,
    };
  });
}

const healedHypothesis = ({ healed }: Evidence): Hypothesis => ({
  name: 'healed',
  tolerance: null,
  measured: null,
  held: healed,
  detail: healed ? 'every fault was looked for and not found' : 'a fault is still there, or nobody could look for it',
});

function oneMaster(
  { scenario, groups, injections, samples }: Evidence,
  lanes: ReadonlyMap<string, Stretch[]>,
): Hypothesis {
  const two = twoMastersIn(groups, lanes);
  const [first] = two;
  const name = 'oneMaster';
  if (first !== undefined) {
    const ms = two.reduce((sum, { from, to }) => sum + to - from, 0);
    const detail = `${first.nodes.toSorted().join(' and ')} were both master of ${first.group} at ${new Date(first.from).toISOString()}, ${seconds(ms / 1000)} in all`;
    const { oneMaster: wanted } = scenario.expect;
    return { name, tolerance: wanted ? 0 : null, measured: two.length, held: !wanted, detail };
  }
  const nodes = Object.values(groups).flatMap((members) => members.map(({ node }) => node));
  const unseen = nodes.filter((node) => !lanes.has(node));
  if (unseen.length > 0)
    return { name, tolerance: 0, measured: null, held: null, detail: `no sample tells of ${unseen.join(', ')}` };
  const ends = injections.map(({ injectedAt, healedAt }) => Math.max(injectedAt, healedAt ?? 0));
  const covered =
    injections.every(({ injectedAt }) => samples.some(({ at }) => at <= injectedAt)) &&
    ends.every((end) => samples.some(({ at }) => at >= end));
  return covered
    ? { name, tolerance: 0, measured: 0, held: true, detail: `in none of ${samples.length} samples were there two` }
    : { name, tolerance: 0, measured: null, held: null, detail: 'the samples do not cover the time of the fault' };
}

type Back = 'brokerRtoSeconds' | 'redundancyBackSeconds' | 'bridgesBackSeconds';

const WORDS: Record<Back, { done: string; never: string }> = {
  brokerRtoSeconds: { done: 'until a master served again', never: 'no master served it again' },
  redundancyBackSeconds: { done: 'until every node was master or slave', never: 'a node stayed away' },
  bridgesBackSeconds: { done: 'until every bridge passed messages', never: 'a bridge stayed away' },
};

/** Of several injections the slowest. */
function recoveries({ scenario, hasBridges, samples }: Evidence, injections: readonly Injection[]): Hypothesis[] {
  if (injections.length === 0) return [];
  const names: Back[] = [
    'brokerRtoSeconds',
    'redundancyBackSeconds',
    ...(hasBridges ? (['bridgesBackSeconds'] as const) : []),
  ];
  return names.flatMap((name): Hypothesis[] => {
    const of = name === 'brokerRtoSeconds' ? injections.filter(({ group }) => group !== null) : injections;
    if (of.length === 0) return [];
    const tolerance = scenario.expect[name];
    const slowest = of.reduce((worst, one) => ((one[name] ?? Infinity) > (worst[name] ?? Infinity) ? one : worst));
    const measured = slowest[name];
    const target = slowest.targets.join(', ');
    if (measured === null) {
      const end = slowest.healedAt ?? slowest.injectedAt;
      const unknown = name !== 'bridgesBackSeconds' && !samples.some(({ at }) => at >= end);
      const detail = `${target}: ${unknown ? 'no sample tells of it' : WORDS[name].never}`;
      return [{ name, tolerance, measured, held: tolerance === null ? true : unknown ? null : false, detail }];
    }
    const detail = `${seconds(measured)} ${WORDS[name].done} (${target})`;
    return [{ name, tolerance, measured, held: tolerance === null || measured <= tolerance, detail }];
  });
}

const seconds = (value: number): string => `${value.toFixed(1)} s`;

/** Names of hypotheses that fail a drill also when it was cut short. */
const UNEXCUSED: ReadonlySet<string> = new Set<'healed' | 'unexpected' | keyof Expectation>([
  'healed',
  'oneMaster',
  'lost',
  'unexpected',
]);

function verdictOf(
  { scenario, injections, aborted }: Evidence,
  hypotheses: readonly Hypothesis[],
): Pick<Judgement, 'verdict' | 'reason'> {
  const broken = hypotheses.filter(({ held }) => held === false);
  const unexcused = broken.filter(({ name }) => UNEXCUSED.has(name));
  if (unexcused.length > 0) return { verdict: 'failed', reason: said(unexcused) };
  if (aborted !== null) return { verdict: 'inconclusive', reason: `ended early: ${aborted}` };
  if (scenario.fault.kind !== 'none' && injections.length === 0)
    return { verdict: 'inconclusive', reason: 'nothing was injected' };
  const weak = hypotheses.find(({ name, held }) => name === 'load' && held !== true);
  if (weak !== undefined) return { verdict: 'inconclusive', reason: said([weak]) };
  if (broken.length > 0) return { verdict: 'failed', reason: said(broken) };
  const unknown = hypotheses.filter(({ held }) => held === null);
  if (unknown.length > 0) return { verdict: 'inconclusive', reason: said(unknown) };
  return { verdict: 'passed', reason: 'every hypothesis held' };
}

const SAID: Record<string, string> = { oneMaster: 'split brain', healed: 'not healed' };

const said = (hypotheses: readonly Hypothesis[]): string =>
  hypotheses
    .map(({ name, held, detail }) => `${(held === false ? SAID[name] : undefined) ?? name}: ${detail}`)
    .join('; ');
