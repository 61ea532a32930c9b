/** The record that a drill leaves: immutable, JSON-plain, its schema published as docs/drill-record.schema.json. */
import { z } from 'zod';

const moment = z.number().meta({ description: 'ms since the epoch' });
const count = z.int().nonnegative();

const counts = {
  sent: count,
  acknowledged: count,
  failed: count,
  unknown: count,
  delivered: count,
  lost: count,
  duplicated: count,
  redelivered: count,
  recovered: count,
  unexpected: count,
  stuck: count,
  reordered: count,
};
const percentiles = z.object({ p50: z.number(), p90: z.number(), p99: z.number(), max: z.number() }).nullable();
const silence = z.object({ from: moment, to: moment }).nullable();

const flowLedger = z.object({
  flow: z.string(),
  from: z.string(),
  to: z.string(),
  ...counts,
  examples: z.record(z.string(), z.array(z.string())),
  stuckIn: z.array(z.object({ queue: z.string(), broker: z.string(), count })),
  sendMs: percentiles,
  deliveryMs: percentiles,
  producerSilence: silence,
  consumerSilence: silence,
  seconds: z.array(
    z.object({ at: moment, acknowledged: count, delivered: count, sendMs: z.number(), deliveryMs: z.number() }),
  ),
});

/** One fault as it was done; `rolling-kills` has one for each node. */
const injection = z.object({
  kind: z.string(),
  /** What was hit: nodes, hosts, `bridge A-B`, `database x`. */
  targets: z.array(z.string()),
  group: z.string().nullable(),
  detail: z.string(),
  injectedAt: moment,
  healedAt: moment.nullable(),
  /** Who healed: the drill, or the dead-man timer on the target before it. */
  healedBy: z.enum(['drill', 'dead-man timer', 'by itself']).nullable(),
  /** Seconds until a master served the group again; 0 when one always did, null when none came back or no group was hit. */
  brokerRtoSeconds: z.number().nullable(),
  redundancyBackSeconds: z.number().nullable(),
  bridgesBackSeconds: z.number().nullable(),
});

export const verdicts = ['passed', 'failed', 'inconclusive', 'skipped'] as const;

export const drillRecordSchema = z.object({
  version: z.literal(1),
  drill: z.string().meta({ description: 'Id of the drill: its workflow’s run id.' }),
  workflowId: z.string(),
  startedBy: z.string().meta({ description: 'Who or what started it: a person, a schedule.' }),
  cluster: z.string(),
  environment: z.string(),
  topologyHash: z.string(),
  versions: z.object({ everbroker: z.string(), activemq: z.string(), java: z.string().nullable() }),
  /** What a report draws. What is optional is missing in records that were kept before it was written down. */
  topology: z.object({
    groups: z.record(z.string(), z.array(z.object({ node: z.string(), host: z.string() }))),
    bridges: z.array(
      z.object({ from: z.string(), to: z.string(), name: z.string().optional(), duplex: z.boolean().optional() }),
    ),
    hosts: z.array(z.string()).optional(),
    stores: z
      .record(z.string(), z.object({ kind: z.string(), service: z.string().nullable() }))
      .optional()
      .meta({
        description: 'By group: the kind of its store, and the database or ensemble of the topology that it needs.',
      }),
    services: z
      .array(
        z.object({
          name: z.string(),
          engine: z.string(),
          servers: z.array(z.object({ name: z.string(), host: z.string() })),
        }),
      )
      .optional()
      .meta({ description: 'Databases and ensembles of the topology.' }),
  }),
  scenario: z.record(z.string(), z.unknown()).meta({ description: 'The whole scenario, with its defaults.' }),
  startedAt: moment,
  endedAt: moment,
  phases: z.array(z.object({ name: z.string(), from: moment, to: moment })),
  injections: z.array(injection),
  samples: z.array(
    z.object({
      at: moment,
      host: z.string(),
      roles: z.record(z.string(), z.enum(['master', 'slave', 'recovering', 'frozen', 'down'])),
    }),
  ),
  ledger: z.object({ flows: z.array(flowLedger), total: z.object(counts) }).nullable(),
  hypotheses: z.array(
    z.object({
      name: z.string(),
      /** What was allowed and what was measured, in the unit that the name tells. */
      tolerance: z.number().nullable(),
      measured: z.number().nullable(),
      held: z.boolean().nullable().meta({ description: 'null: it could not be measured.' }),
      detail: z.string(),
    }),
  ),
  healed: z.boolean().meta({ description: 'Every fault was looked for at the end and not found.' }),
  verdict: z.enum(verdicts),
  reason: z.string().meta({ description: 'Why, in one sentence.' }),
});

export type DrillRecord = z.output<typeof drillRecordSchema>;
export type DrillVerdict = DrillRecord['verdict'];
export type Injection = DrillRecord['injections'][number];
export type Hypothesis = DrillRecord['hypotheses'][number];
