/**
 * The wire contract: what each workflow takes and gives, as JSON. Every workflow takes one object. Parsed in the
 * client (early) and in the first activity (authoritative), never in a workflow. docs/contract.md and the published
 * schemas are generated from here.
 */
import { z } from 'zod';
import { drillRecordSchema } from './drills/record.js';
import { CONTRACT_VERSION } from './naming.js';

const clusterRef = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be the name of a cluster');

const common = {
  contractVersion: z
    .literal(CONTRACT_VERSION, `this worker speaks contract version ${CONTRACT_VERSION}`)
    .optional()
    .meta({ description: 'Version of this contract that the caller was written for.' }),
  cluster: clusterRef.optional().meta({ description: 'Name of a cluster that exists, found by its manifest.' }),
  topology: z
    .union([z.string().min(1), z.record(z.string(), z.unknown())])
    .optional()
    .meta({ description: 'Name of a topology that the worker knows, or the whole topology.' }),
};

const failing = {
  onFailure: z
    .enum(['fail', 'wait'])
    .default('fail')
    .meta({ description: '`wait`: a failed step waits for the update retryStep, skipStep or abort.' }),
  waitAtMostMinutes: z
    .number()
    .positive()
    .max(10080)
    .default(1440)
    .meta({ description: 'How long a failed step waits before the operation fails after all.' }),
};

export const deployInput = z.strictObject({
  ...common,
  ...failing,
  rollback: z
    .boolean()
    .default(false)
    .meta({ description: 'When the run fails or is cancelled, remove what this run created.' }),
  startPaused: z.boolean().default(false).meta({ description: 'Wait for the update resume before the first step.' }),
});
export const planInput = z.strictObject(common);
export const verifyInput = z.strictObject({
  ...common,
  messages: z
    .boolean()
    .default(true)
    .meta({ description: 'Whether messages are sent through every group and bridge.' }),
  notify: z
    .boolean()
    .default(false)
    .meta({ description: 'Tell the topology’s webhook when a check fails, drift included; for schedules.' }),
});
export const statusInput = z.strictObject(common);
export const destroyInput = z.strictObject({
  ...common,
  ...failing,
  deleteData: z.boolean().default(false).meta({ description: 'Also remove the stores and the hosts’ state.' }),
  confirm: z.string().optional().meta({ description: 'With deleteData: the name of the cluster once more.' }),
});
export const drillInput = z.strictObject({
  ...common,
  scenario: z
    .union([z.string().min(1), z.record(z.string(), z.unknown())])
    .meta({ description: 'Name of a scenario that the worker knows, or the whole scenario.' }),
  startedBy: z
    .string()
    .max(200)
    .optional()
    .meta({ description: 'Who or what started it, for the record; absent: the schedule or the workflow’s id.' }),
});

/** Input schema by workflow type. */
export const INPUTS = {
  deployCluster: deployInput,
  planCluster: planInput,
  verifyCluster: verifyInput,
  statusCluster: statusInput,
  destroyCluster: destroyInput,
  runDrill: drillInput,
} as const;

export type WorkflowName = keyof typeof INPUTS;
export type DeployInput = z.input<typeof deployInput>;
export type PlanInput = z.input<typeof planInput>;
export type VerifyInput = z.input<typeof verifyInput>;
export type StatusInput = z.input<typeof statusInput>;
export type DestroyInput = z.input<typeof destroyInput>;
export type DrillInput = z.input<typeof drillInput>;
export type Options<W extends WorkflowName> = Omit<
  z.output<(typeof INPUTS)[W]>,
  'topology' | 'cluster' | 'contractVersion'
>;

const nodeResult = z.object({
  node: z.string(),
  group: z.string(),
  host: z.string(),
  role: z.enum(['master', 'slave', 'starting', 'down', 'unknown']),
  address: z.string(),
  openwire: z.int(),
  console: z.int(),
  consoleUrl: z.string(),
});

const check = z.object({
  name: z.string().meta({ description: 'What was looked at, e.g. `one master of brokerA`.' }),
  ok: z.boolean(),
  fault: z.string().optional().meta({ description: 'Name of the fault when the check failed, e.g. `TwoMasters`.' }),
  detail: z.string(),
});

const timeline = z
  .array(
    z.object({
      id: z.string(),
      summary: z.string(),
      status: z.enum(['pending', 'running', 'done', 'unchanged', 'failed', 'waiting', 'skipped', 'cancelled']),
      host: z.string().optional(),
      group: z.string().optional(),
      node: z.string().optional(),
      startedAt: z.number().optional().meta({ description: 'Milliseconds since the epoch.' }),
      endedAt: z.number().optional(),
      note: z.string().optional(),
      error: z.string().optional(),
    }),
  )
  .meta({ description: 'Every step with how it ended and when.' });

const problem = z.object({
  path: z.string(),
  message: z.string(),
  suggestion: z.string().optional(),
  code: z.string(),
  line: z.number().optional(),
});

const clusterFacts = {
  cluster: z.string(),
  topologyHash: z.string(),
  nodes: z.array(nodeResult),
  clientUrls: z.record(z.string(), z.string()).meta({ description: 'failover: URL for clients, by group.' }),
};

export const deployOutput = z.object({
  outcome: z.enum(['deployed', 'unchanged']),
  ...clusterFacts,
  networks: z.record(z.string(), z.string()).meta({ description: 'Subnet by network, as really used.' }),
  checks: z.array(check),
  warnings: z.array(problem),
  notes: z.array(z.string()),
  steps: z.object({ run: z.int(), changed: z.int(), skipped: z.int() }),
  timeline,
  durationMs: z.int(),
});
export const planOutput = z.object({
  cluster: z.string(),
  topologyHash: z.string(),
  steps: z.array(
    z.object({
      id: z.string(),
      summary: z.string(),
      reason: z.string(),
      host: z.string().optional(),
      group: z.string().optional(),
      node: z.string().optional(),
      files: z.array(z.object({ path: z.string(), change: z.string(), diff: z.string().optional() })).optional(),
    }),
  ),
  unseen: z
    .array(z.string())
    .meta({ description: 'Hosts whose container is stopped: deploy starts them, looks, and plans the rest.' }),
  warnings: z.array(problem),
  notes: z.array(z.string()),
});
export const verifyOutput = z.object({
  verdict: z.enum(['passed', 'failed']),
  ...clusterFacts,
  checks: z.array(check),
  durationMs: z.int(),
});
export const statusOutput = z.object({ healthy: z.boolean(), ...clusterFacts, checks: z.array(check) });
export const destroyOutput = z.object({
  outcome: z.enum(['destroyed', 'nothing']),
  cluster: z.string(),
  removed: z.array(z.string()),
  kept: z.array(z.string()).meta({ description: 'Volumes that stay, because they hold data.' }),
  timeline,
  durationMs: z.int(),
});

/** Output schema by workflow type. */
export const OUTPUTS = {
  deployCluster: deployOutput,
  planCluster: planOutput,
  verifyCluster: verifyOutput,
  statusCluster: statusOutput,
  destroyCluster: destroyOutput,
  runDrill: drillRecordSchema,
} as const;

export type DeployOutput = z.output<typeof deployOutput>;
export type PlanOutput = z.output<typeof planOutput>;
export type VerifyOutput = z.output<typeof verifyOutput>;
export type StatusOutput = z.output<typeof statusOutput>;
export type DestroyOutput = z.output<typeof destroyOutput>;
export type NodeResult = z.output<typeof nodeResult>;
export type Check = z.output<typeof check>;
