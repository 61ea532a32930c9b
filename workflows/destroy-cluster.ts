/** Deploy, arrows reversed: containers, networks, and the data only when told. */
import type { DestroyInput, DestroyOutput } from '../core/contract.js';
import { planDestroy, type Found } from '../core/plan/destroy.js';
import type { Topology } from '../core/topology/topology.js';
import { activities, hostsByQueue } from './calls.js';
import { asOnlyWriter } from './hold-cluster.js';
import { resolve } from './look.js';
import { Operation } from './operation.js';
import { quick } from './profiles.js';
import { Runner } from './runner.js';
import { recorded } from './recorded.js';
import { settleAll } from './settle-all.js';

export async function destroyCluster(input: DestroyInput): Promise<DestroyOutput> {
  const operation = new Operation('destroy');
  const startedAt = Date.now();
  return recorded(operation, async (record) => {
    const { topology, options } = await resolve('destroyCluster', input);
    record.cluster(topology.name);
    operation.begin(topology.name, options);
    const removed = await asOnlyWriter(topology, 'destroy', async (ownership) => {
      operation.phase('looking for what carries the labels');
      const plan = planDestroy(topology, await findCluster(topology), options.deleteData);
      const steps = [plan.containers, plan.networks, plan.volumes];
      operation.announce(steps.flat());
      const runner = new Runner(operation, ownership);
      for (const stage of steps) {
        operation.phase('removing');
        await settleAll(stage.map((step) => runner.run(step)));
      }
      return { names: steps.flat().map((step) => step.target ?? ''), kept: plan.kept };
    });
    const outcome = removed.names.length > 0 ? 'destroyed' : 'nothing';
    record.verdict(outcome);
    operation.phase(outcome);
    return {
      outcome,
      cluster: topology.name,
      removed: removed.names,
      kept: removed.kept,
      timeline: operation.progress.steps,
      durationMs: Date.now() - startedAt,
    };
  });
}

/** One look a worker: hosts of one task queue share the worker's view of their engines. */
async function findCluster(topology: Topology): Promise<Found[]> {
  const looks = hostsByQueue(topology).map((hosts) => {
    const on = { topology, host: hosts[0] ?? '' };
    return activities({ summary: 'find what carries the labels', profile: quick, on }).findCluster({ topology, hosts });
  });
  return (await Promise.all(looks)).flat();
}
