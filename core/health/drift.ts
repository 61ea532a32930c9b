/** What deploy would still do is what differs from the topology: drift is read off the plan, so the two cannot disagree. */
import type { Check } from '../contract.js';
import { stepsOf, type Plan, type Step } from '../plan/step.js';
import { hostNames, type Topology } from '../topology/topology.js';

/** A node that is down has a check of its own; here only what is wrong with hosts and configuration counts. */
const DRIFT: readonly Step['kind'][] = [
  'createNetwork',
  'createContainer',
  'prepareHost',
  'installJava',
  'installActiveMQ',
  'shareSecrets',
  'configureNode',
  'stopNode',
  'removeNode',
];

export function driftChecks(topology: Topology, plan: Plan): Check[] {
  const drifted = stepsOf(plan).filter((step) => DRIFT.includes(step.kind));
  const places = [...hostNames(topology)];
  return places.map((host) => {
    const name = `${host} is as the topology says`;
    const steps = drifted.filter((step) => step.host === host);
    if (steps.length === 0) return { name, ok: true, detail: 'files, agent, Java and ActiveMQ are as wanted' };
    const detail = [...new Set(steps.map((step) => `${step.node ?? host}: ${step.reason}`))].join('; ');
    return { name, ok: false, fault: 'StaleConfiguration', detail };
  });
}
