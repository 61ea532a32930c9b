import type { Step } from '../core/plan/step.js';
import type { Topology } from '../core/topology/topology.js';

/** What every step's activity gets. */
export interface StepInput {
  topology: Topology;
  host: string;
  /** Owner token that the host's guard compares. */
  token: string;
  step: Step;
  /** Engine or machine on which the host was first seen in this operation. */
  pin?: string;
}
