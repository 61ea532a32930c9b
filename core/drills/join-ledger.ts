/** Joins what producers, consumers and queues say into what became of every message. Pure. */
import { FlowMessages } from './flow-messages.js';
import { noCounts, type FlowLedger, type Ledger, type LedgerCounts, type LedgerInput } from './ledger.js';
import { summarizeFlow } from './summarize-flow.js';

/** A flow of the load, with the groups that it leads from and to. */
export interface LedgerFlow {
  flow: string;
  from: string;
  to: string;
}

/** Rows of a flow at most: more would not be seen in a drawing. */
const MOST_ROWS = 3600;
/** Of all flows together: 80 bytes each in a record and in a workflow's history, whose payloads end at 2 MiB. */
const MOST_ROWS_TOGETHER = 7200;

/**
 * The order of records does not matter, and each of them ends up somewhere:
 * - acknowledged = delivered of them + stuck of them + lost;
 * - sent = acknowledged + failed + unknown;
 * - deliveries = delivered + duplicated + unexpected.
 * @throws RangeError for a record of a flow that is not in the list: it would be left out in silence.
 */
export function joinLedger(input: LedgerInput, flows: readonly LedgerFlow[]): Ledger {
  const messages = new Map(flows.map(({ flow }) => [flow, new FlowMessages()]));
  const of = (flow: string): FlowMessages => {
    const found = messages.get(flow);
    if (found === undefined) throw new RangeError(`a record is of flow ${flow}, which is none of the load's`);
    return found;
  };
  for (const record of input.sent) of(record.flow).send(record);
  for (const record of input.delivered) of(record.flow).deliver(record);
  for (const record of input.stuck) of(record.flow).leave(record);
  for (const [flow, count] of Object.entries(input.foreign)) of(flow).foreign += count;
  const mostRows = Math.min(MOST_ROWS, Math.floor(MOST_ROWS_TOGETHER / flows.length));
  const ledgers = flows.map(({ flow, from, to }): FlowLedger => ({
    flow,
    from,
    to,
    ...summarizeFlow(of(flow), mostRows),
  }));
  return { flows: ledgers, total: totalOf(ledgers) };
}

function totalOf(flows: readonly FlowLedger[]): LedgerCounts {
  const total = noCounts();
  const names = Object.keys(total) as (keyof LedgerCounts)[];
  for (const flow of flows) for (const name of names) total[name] += flow[name];
  return total;
}
