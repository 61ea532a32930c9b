/** `everbroker/client`: what services import. */
export { Everbroker, type EverbrokerOptions, type OperationHandle, type StartOptions } from './everbroker.js';
export { EverbrokerError, FAILURES, type FailureType } from '../core/failure.js';
export type {
  Check,
  DeployInput,
  DeployOutput,
  DestroyInput,
  DestroyOutput,
  NodeResult,
  PlanInput,
  PlanOutput,
  StatusInput,
  StatusOutput,
  VerifyInput,
  VerifyOutput,
} from '../core/contract.js';
export type { Progress, StepProgress, StepStatus } from '../core/progress.js';
export type { Topology, TopologyInput } from '../core/topology/schema.js';
