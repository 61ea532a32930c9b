/** What the ledger says to the hypotheses, and whether there was load enough to say anything. Pure. */
import type { Evidence } from './judge.js';
import type { FlowLedger, Ledger, Silence } from './ledger.js';
import type { Hypothesis } from './record.js';

/** Of what a scenario asks for; a flow below it has not been the load that was to be judged. */
const ENOUGH_PERCENT = 50;

export function judgeLoad(evidence: Evidence): Hypothesis[] {
  const { ledger, scenario } = evidence;
  if (ledger === null)
    return [{ name: 'load', tolerance: ENOUGH_PERCENT, measured: null, held: null, detail: 'there is no ledger' }];
  const { lost, duplicated, reordered, stuck, producerRtoSeconds, consumerRtoSeconds } = scenario.expect;
  return [
    loadFlowed(evidence, ledger),
    unlessUnseen(counted('lost', lost, ledger), evidence, lostForSure(ledger, evidence)),
    counted('unexpected', 0, ledger),
    unlessUnseen(counted('stuck', stuck, ledger), evidence, ledger.total.stuck),
    counted('duplicated', duplicated, ledger),
    counted('reordered', reordered, ledger),
    silence('producerRtoSeconds', producerRtoSeconds, { ledger, of: (flow) => flow.producerSilence }),
    silence('consumerRtoSeconds', consumerRtoSeconds, { ledger, of: (flow) => flow.consumerSilence }),
  ];
}

/** Each flow has flowed before the fault, at half of its rate at least, and the load was there until after the heal. */
function loadFlowed({ scenario, injections }: Evidence, ledger: Ledger): Hypothesis {
  const name = 'load';
  const tolerance = ENOUGH_PERCENT;
  const weak = (detail: string, measured: number | null = 0): Hypothesis => ({
    name,
    tolerance,
    measured,
    held: false,
    detail,
  });
  if (ledger.flows.length < scenario.load.flows.length)
    return weak(`${ledger.flows.length} of ${scenario.load.flows.length} flows have a ledger`);
  const firstFault = Math.min(...injections.map(({ injectedAt }) => injectedAt));
  const lastHeal = Math.max(...injections.map(({ injectedAt, healedAt }) => healedAt ?? injectedAt));
  const percents = ledger.flows.map((flow, index) => {
    const spec = scenario.load.flows[index] ?? scenario.load.flows[0];
    const wanted = (spec?.perSecond ?? 1) * (spec?.producers ?? 1);
    return { flow, percent: Math.round((100 * rateBefore(flow, firstFault)) / wanted) };
  });
  for (const { flow, percent } of percents) {
    if (flow.acknowledged === 0) return weak(`nothing of ${flow.flow} was acknowledged`);
    if (flow.delivered === 0 && flow.stuck === 0 && flow.lost === 0)
      return weak(`nothing of ${flow.flow} was delivered`);
    if (percent < ENOUGH_PERCENT)
      return weak(
        `${flow.flow} flowed at ${percent} % of its rate before the fault, less than ${ENOUGH_PERCENT} %`,
        percent,
      );
  }
  if (injections.length > 0 && Math.max(...ledger.flows.map(lastSignOf)) < lastHeal)
    return weak('the load ended before the fault was healed');
  const least = Math.min(...percents.map(({ percent }) => percent));
  return { name, tolerance, measured: least, held: true, detail: `every flow had at least ${least} % of its rate` };
}

/**
 * Until when a flow's clients lived. A silence ends with the last of which a client still told: one that waits in vain for a
 * cluster that never came back is an outage, and no load that died.
 */
const lastSignOf = ({ seconds, producerSilence, consumerSilence }: FlowLedger): number =>
  Math.max(...seconds.map(({ at }) => at + 1000), producerSilence?.to ?? 0, consumerSilence?.to ?? 0);

/** Acknowledged a second, of the whole seconds before the fault; the first and last are hardly ever whole. */
function rateBefore({ seconds, acknowledged }: FlowLedger, fault: number): number {
  const before = seconds.filter(({ at }) => at + 1000 <= fault);
  const whole = before.length > 2 ? before.slice(1) : before;
  if (whole.length > 0) return whole.reduce((sum, row) => sum + row.acknowledged, 0) / whole.length;
  // Without a second before it: over all the time, which the fault is in.
  return seconds.length === 0 || seconds.some(({ at }) => at < fault) ? acknowledged / Math.max(1, seconds.length) : 0;
}

type Counted = 'lost' | 'unexpected' | 'stuck' | 'duplicated' | 'reordered';

function counted(name: Counted, tolerance: number | null, ledger: Ledger): Hypothesis {
  const measured = ledger.total[name];
  const flows = ledger.flows.filter((flow) => flow[name] > 0);
  const where = flows.map((flow) => `${flow[name]} of ${flow.flow}${exampleOf(flow, name)}`).join(', ');
  return {
    name,
    tolerance,
    measured,
    held: tolerance === null || measured <= tolerance,
    detail: measured === 0 ? 'none' : where,
  };
}

/** Messages that are in no queue of their flow, every one of which was looked into. */
const lostForSure = ({ flows }: Ledger, { unseen }: Evidence): number =>
  unseen === null
    ? 0
    : flows.filter(({ flow }) => !unseen.some((queue) => queue.flow === flow)).reduce((sum, { lost }) => sum + lost, 0);

/**
 * What may be in a queue that nobody could look into is neither lost nor not stuck. What is more than allowed without it is
 * proven all the same, and nothing is lost where everything arrived.
 */
function unlessUnseen(counted: Hypothesis, { unseen }: Evidence, forSure: number): Hypothesis {
  const { name, tolerance, measured, detail } = counted;
  if (unseen?.length === 0 || tolerance === null || forSure > tolerance) return counted;
  if (name === 'lost' && counted.held === true) return counted;
  const where = unseen?.map(({ flow, broker, why }) => `that of ${flow} at ${broker} (${why})`).join(', ');
  const reason = where === undefined ? 'no queue was looked into' : `a queue could not be looked into: ${where}`;
  return { name, tolerance, measured: null, held: null, detail: measured === 0 ? reason : `${detail}; ${reason}` };
}

function exampleOf({ examples, stuckIn }: FlowLedger, name: Counted): string {
  if (name === 'stuck' && stuckIn.length > 0)
    return ` (${stuckIn.map(({ queue, broker, count }) => `${count} in ${queue} on ${broker}`).join(', ')})`;
  const first = examples[name]?.[0];
  return first === undefined ? '' : ` (such as ${first})`;
}

function silence(
  name: 'producerRtoSeconds' | 'consumerRtoSeconds',
  tolerance: number | null,
  { ledger, of }: { ledger: Ledger; of: (flow: FlowLedger) => Silence | null },
): Hypothesis {
  const lengths = ledger.flows.map((flow) => {
    const found = of(flow);
    return { flow: flow.flow, seconds: found === null ? 0 : (found.to - found.from) / 1000 };
  });
  const longest = lengths.reduce((worst, one) => (one.seconds > worst.seconds ? one : worst), { flow: '', seconds: 0 });
  return {
    name,
    tolerance,
    measured: longest.seconds,
    held: tolerance === null || longest.seconds <= tolerance,
    detail: longest.flow === '' ? 'never silent' : `${longest.seconds.toFixed(1)} s of ${longest.flow}`,
  };
}
