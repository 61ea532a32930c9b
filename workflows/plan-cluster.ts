/** Prints exactly what deploy would run, with the reason of each step and the diff of each file. Changes nothing. */
import type { PlanInput, PlanOutput } from '../core/contract.js';
import { activities } from './calls.js';
import { observeHosts, placeNetworks, resolve } from './look.js';
import { Operation } from './operation.js';
import { quick, slowInstall } from './profiles.js';
import { recorded } from './recorded.js';
import { stepsOf } from '../core/plan/step.js';

export async function planCluster(input: PlanInput): Promise<PlanOutput> {
  const operation = new Operation('plan');
  return recorded(operation, async (record) => {
    const { topology: wanted, topologyHash, warnings } = await resolve('planCluster', input);
    record.cluster(wanted.name);
    operation.begin(wanted.name, { onFailure: 'fail', waitAtMostMinutes: 0 });
    const { topology, notes } = await placeNetworks(wanted);
    operation.phase('looking at the hosts');
    const observed = await observeHosts(topology);
    const planned = await activities({ summary: 'plan the steps', profile: slowInstall }).planSteps({
      topology,
      observed,
    });
    const diffs = await Promise.all(
      stepsOf(planned.plan)
        .filter((step) => step.files?.some((file) => file.change === 'update'))
        .map(async (step) => {
          const on = { topology, host: step.host ?? '' };
          const call = activities({ summary: `${step.summary} · compare files`, profile: quick, on });
          return { id: step.id, files: await call.diffFiles({ topology, host: on.host, step }) };
        }),
    );
    record.verdict('planned');
    operation.phase('planned');
    const steps = stepsOf(planned.plan).map(({ id, summary, reason, host, group, node, files }) => ({
      id,
      summary,
      reason,
      ...(host === undefined ? {} : { host }),
      ...(group === undefined ? {} : { group }),
      ...(node === undefined ? {} : { node }),
      ...(files === undefined ? {} : { files: diffs.find((diff) => diff.id === id)?.files ?? files }),
    }));
    return { cluster: topology.name, topologyHash, steps, unseen: planned.plan.unseen, warnings, notes };
  });
}
