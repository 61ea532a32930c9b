/**
 * A drill: prove the steady state, start the load, break something, measure, heal, prove that it is healed, judge, record.
 * It heals whatever happens to it, and what it breaks heals by itself when nothing of Everbroker is left.
 */
import { CancellationScope, isCancellation, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { DrillInput } from '../core/contract.js';
import { cooldownLeft, environmentRefusal } from '../core/drills/guards.js';
import { judge } from '../core/drills/judge.js';
import type { DrillRecord } from '../core/drills/record.js';
import type { ResolvedDrill } from '../activities/drills/resolve.js';
import { activities } from './calls.js';
import { Drill } from './drill/drill.js';
import { EMPTY_FINDINGS, recordOf, type Findings } from './drill/findings.js';
import { failureText, failureType, stepFailure } from './failure-text.js';
import { asOnlyWriter } from './hold-cluster.js';
import { placeNetworks } from './look.js';
import { Operation } from './operation.js';
import { quick } from './profiles.js';
import { recorded } from './recorded.js';
import { scenario as scenarioAttribute, scheduledBy } from './search-attributes.js';
import { tell } from './tell.js';

export async function runDrill(input: DrillInput): Promise<DrillRecord> {
  const operation = new Operation('drill');
  return recorded(operation, async (record) => {
    const call = activities({ summary: 'read the input, pin topology and scenario', profile: quick });
    const resolved = await call.resolveDrill({ input: input ?? null });
    record.cluster(resolved.topology.name);
    upsertSearchAttributes([{ key: scenarioAttribute, value: resolved.scenario.name }]);
    operation.begin(resolved.topology.name, { onFailure: 'fail', waitAtMostMinutes: 0 });
    operation.warn(resolved.warnings);
    const refusal = environmentRefusal(resolved.topology, resolved.scenario);
    if (refusal !== null) throw stepFailure('DrillRefused', refusal);

    const findings = await drillUnlessBusy(operation, resolved);
    const judged = judgedRecord(resolved, findings);
    // A drill that was cancelled leaves its record all the same.
    await CancellationScope.nonCancellable(async () => {
      const keeping = activities({ summary: `keep the record: ${judged.verdict}`, profile: quick });
      operation.note(`record ${(await keeping.keepRecord({ record: judged })).path}`);
      await tellOf(resolved, judged);
    });
    record.verdict(judged.verdict);
    operation.phase(`${judged.verdict}: ${judged.reason}`);
    if (findings.rethrow !== null) throw findings.rethrow;
    if (judged.verdict !== 'failed') return judged;
    // Fails after its record is kept, so that a schedule pauses. The record goes with it.
    throw stepFailure(judged.healed ? 'DrillFailed' : 'FaultNotHealed', judged.reason, [{ record: judged }]);
  });
}

/** A cluster that is busy, or that had its drill a moment ago, is left alone: that is no failure. */
async function drillUnlessBusy(operation: Operation, resolved: ResolvedDrill): Promise<Findings> {
  const { scenario } = resolved;
  const call = activities({ summary: 'when was the last drill', profile: quick });
  const last = await call.lastDrill({ cluster: resolved.topology.name });
  const cooling = cooldownLeft(scenario, { lastEndedAt: last?.endedAt ?? null, now: Date.now() });
  if (cooling !== null) return { ...EMPTY_FINDINGS, end: { verdict: 'skipped', reason: cooling } };
  const { topology } = await placeNetworks(resolved.topology);
  let begun = false;
  try {
    return await asOnlyWriter(topology, 'drill', async (ownership) => {
      // The claim was lost and taken anew: what the drill had broken is healed, and half a drill proves nothing.
      if (begun) return { ...EMPTY_FINDINGS, end: { verdict: 'inconclusive', reason: 'the drill lost its claim' } };
      begun = true;
      return new Drill(operation, { ownership, scenario, id: drillId() }).run();
    });
  } catch (error) {
    if (isCancellation(error) || failureType(error) !== 'ClusterBusy') throw error;
    return { ...EMPTY_FINDINGS, end: { verdict: 'skipped', reason: failureText(error) } };
  }
}

/** Short: it becomes part of queue names, and stays the same when the run is reset. */
const drillId = (): string => workflowInfo().firstExecutionRunId.replaceAll('-', '').slice(0, 12);

/** What was left out is not judged: there is nothing to judge. */
function judgedRecord(resolved: ResolvedDrill, findings: Findings): DrillRecord {
  const { workflowId, startTime } = workflowInfo();
  const { topology, scenario } = resolved;
  const { injections, samples, ledger, unseen, healed, end } = findings;
  const unjudged = recordOf(resolved, findings, {
    drill: drillId(),
    workflowId,
    startedBy: resolved.startedBy ?? scheduleOf() ?? workflowId,
    startedAt: startTime.getTime(),
    endedAt: Date.now(),
  });
  if (end?.verdict === 'skipped')
    return { ...unjudged, injections: [], hypotheses: [], verdict: 'skipped', reason: end.reason };
  const evidence = { scenario, injections, samples, ledger, unseen, healed, aborted: end?.reason ?? null };
  const hasBridges = topology.bridges.length > 0;
  return { ...unjudged, ...judge({ ...evidence, groups: unjudged.topology.groups, hasBridges }) };
}

/** The server says by which schedule a workflow was started. */
function scheduleOf(): string | null {
  const id = workflowInfo().typedSearchAttributes.get(scheduledBy);
  return id === undefined ? null : `schedule ${id}`;
}

/** Of what went wrong, and of what proved nothing. */
async function tellOf({ topology }: ResolvedDrill, judged: DrillRecord): Promise<void> {
  const { verdict, reason, drill, workflowId, hypotheses } = judged;
  if (verdict !== 'failed' && verdict !== 'inconclusive') return;
  await tell(topology, { event: 'drill', cluster: topology.name, verdict, reason, drill, workflowId, hypotheses });
}
