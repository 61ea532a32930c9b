/** `everbroker/client`: what services import. */
export { Everbroker, type EverbrokerOptions, type OperationHandle, type StartOptions } from './everbroker.js';
export { EverbrokerError, FAILURES, type FailureType } from '../core/failure.js';
export type {
  Check,
  DeployInput,
  DeployOutput,
  DestroyInput,
  DestroyOutput,
  DrillInput,
  NodeResult,
  PlanInput,
  PlanOutput,
  StatusInput,
  StatusOutput,
  VerifyInput,
  VerifyOutput,
} from '../core/contract.js';
export type { DrillRecord } from '../core/drills/record.js';
export type { Scenario, ScenarioInput } from '../core/drills/scenario.js';
export type { ScheduleFacts, ScheduleInput, Schedules } from './schedules.js';
export type { Progress, StepProgress, StepStatus } from '../core/progress.js';
export type { Topology, TopologyInput } from '../core/topology/schema.js';
