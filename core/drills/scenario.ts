/**
 * The shape of a drill's scenario. What one field can say alone is checked here; what needs the topology is in `fit.ts`.
 * docs/scenario.schema.json is generated from the descriptions below.
 */
import { z } from 'zod';
import { nameOf } from '../topology/schema/words.js';

const seconds = (most: number) => z.number().positive('must be more than 0').max(most);
const hold = seconds(3600).meta({ description: 'How long the fault is held before it is healed, seconds.' });
const group = nameOf('group').optional().meta({ description: 'Group; absent: the first of the topology.' });

/** Who is hit, by role at the moment of injection. */
const target = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('none') }).meta({ description: 'Nobody: the load alone is judged.' }),
  z.strictObject({ role: z.literal('master'), group }).meta({ description: 'The master of a group.' }),
  z.strictObject({ role: z.literal('slave'), group }).meta({ description: 'The first slave of a group.' }),
  z.strictObject({ role: z.literal('node'), node: nameOf('node') }).meta({ description: 'A node by its name.' }),
  z
    .strictObject({ role: z.literal('each-node') })
    .meta({ description: 'Every node of the cluster in turn, each healed before the next.' }),
  z
    .strictObject({ role: z.literal('host-of-master'), group })
    .meta({ description: 'The host on which the master runs.' }),
  z
    .strictObject({ role: z.literal('bridge'), from: group, to: group })
    .meta({ description: 'Both ends of a bridge; absent: the first of the topology.' }),
  z
    .strictObject({ role: z.literal('database'), group })
    .meta({ description: 'The database that the store of a group is in.' }),
]);

/** What is done to it. `docs/drills.md` tells how each is done and how it heals. */
const fault = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('none'),
    holdSeconds: seconds(3600).meta({ description: 'How long the load runs, seconds.' }),
  }),
  z.strictObject({
    kind: z.literal('kill'),
    holdSeconds: seconds(3600).optional().meta({
      description: 'How long the node is kept from starting again, seconds; absent: its agent starts it at once.',
    }),
  }),
  z.strictObject({ kind: z.literal('stop'), holdSeconds: hold }),
  z.strictObject({ kind: z.literal('freeze'), holdSeconds: hold }),
  z.strictObject({
    kind: z.literal('lose-host'),
    how: z
      .enum(['kill', 'cut'])
      .default('kill')
      .meta({ description: '`kill`: the container is killed; `cut`: it loses its network.' }),
    holdSeconds: hold,
  }),
  z.strictObject({
    kind: z.literal('partition'),
    between: z.enum(['host-and-clients', 'groups', 'node-and-store']).meta({
      description:
        '`host-and-clients`: the host is cut off from all but the other hosts; `groups`: from the hosts of the other groups; `node-and-store`: from the database.',
    }),
    holdSeconds: hold,
  }),
  z
    .strictObject({
      kind: z.literal('packets'),
      delayMs: z.number().min(0).max(10_000).default(0).meta({ description: 'Delay of each packet, ms.' }),
      lossPercent: z
        .number()
        .min(0)
        .max(90)
        .default(0)
        .meta({ description: 'Share of packets that are lost, percent.' }),
      holdSeconds: hold,
    })
    .refine(({ delayMs, lossPercent }) => delayMs > 0 || lossPercent > 0, 'needs delayMs or lossPercent'),
  z.strictObject({ kind: z.literal('disk-full'), holdSeconds: hold }),
  z.strictObject({ kind: z.literal('replace-lock') }),
  z.strictObject({
    kind: z.literal('restart-database'),
    holdSeconds: seconds(3600).default(1).meta({ description: 'How long the database is down, seconds.' }),
  }),
  z.strictObject({ kind: z.literal('expire-session') }),
  z.strictObject({ kind: z.literal('cut-bridge'), holdSeconds: hold }),
]);

const flow = z.strictObject({
  from: nameOf('group').optional().meta({ description: 'Group to which producers send; absent: the target’s.' }),
  to: nameOf('group').optional().meta({ description: 'Group from which consumers receive; absent: the same.' }),
  perSecond: z
    .number()
    .positive()
    .max(20_000)
    .default(100)
    .meta({ description: 'Messages a second that each producer tries to send.' }),
  sizeBytes: z.int().min(16).max(1_048_576).default(1024).meta({ description: 'Size of each body, bytes.' }),
  producers: z.int().min(1).max(16).default(1).meta({ description: 'Number of producers, each with a connection.' }),
  consumers: z.int().min(1).max(16).default(1).meta({ description: 'Number of consumers, each with a connection.' }),
  /** One message is one acknowledgement; more are one commit each. */
  transactionSize: z
    .int()
    .min(1)
    .max(1000)
    .default(1)
    .meta({ description: 'Messages a transaction of the producer; 1: none.' }),
});

const load = z.strictObject({
  flows: z
    .array(flow)
    .min(1)
    .max(8)
    .default([flow.parse({})])
    .meta({ description: 'Streams of persistent messages.' }),
  warmUpSeconds: seconds(300).default(3).meta({ description: 'How long it flows before the fault, seconds.' }),
  afterSeconds: seconds(300)
    .default(3)
    .meta({ description: 'How long it flows on after full redundancy is back, seconds.' }),
});

/** The steady-state hypothesis; null switches one off. */
const expect = z.strictObject({
  lost: z.int().min(0).default(0).meta({ description: 'Acknowledged messages that may be lost.' }),
  duplicated: z.int().min(0).nullable().default(null).meta({ description: 'Messages that may arrive twice.' }),
  reordered: z.int().min(0).nullable().default(null).meta({ description: 'Messages that may arrive out of order.' }),
  stuck: z.int().min(0).default(0).meta({ description: 'Messages that may be left in a queue after draining.' }),
  producerRtoSeconds: seconds(3600)
    .nullable()
    .default(null)
    .meta({ description: 'Longest time in which no producer of a flow got an acknowledgement, seconds.' }),
  consumerRtoSeconds: seconds(3600)
    .nullable()
    .default(null)
    .meta({ description: 'Longest time in which no consumer of a flow got a message, seconds.' }),
  brokerRtoSeconds: seconds(3600)
    .nullable()
    .default(null)
    .meta({ description: 'From the fault until a master serves the group again, seconds.' }),
  oneMaster: z.boolean().default(true).meta({ description: 'Never two masters of a group in any sample.' }),
  bridgesBackSeconds: seconds(3600)
    .nullable()
    .default(60)
    .meta({ description: 'From the heal until every bridge passes messages, seconds.' }),
  redundancyBackSeconds: seconds(3600)
    .nullable()
    .default(60)
    .meta({ description: 'From the heal until every node is master or slave again, seconds.' }),
});

const guards = z.strictObject({
  environments: z
    .array(z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be a plain lower-case word'))
    .min(1, 'must name at least one environment')
    .default(['development', 'test', 'staging'])
    .meta({ description: 'Environments of topologies in which the drill may run.' }),
  standby: z.boolean().default(true).meta({ description: 'Refuse where no slave could take over.' }),
  cooldownMinutes: z
    .number()
    .min(0)
    .max(10080)
    .default(0)
    .meta({ description: 'Time since the end of the cluster’s last drill, minutes.' }),
  atMostMinutes: z
    .number()
    .positive()
    .max(240)
    .default(15)
    .meta({ description: 'Longest time of the whole drill, minutes; then it is healed and inconclusive.' }),
  backlog: z
    .int()
    .positive()
    .default(100_000)
    .meta({ description: 'Messages acknowledged and not delivered above which the fault is healed at once.' }),
});

export const scenarioSchema = z.strictObject({
  version: z.literal(1, 'must be 1, the only version of this format').meta({ description: 'Version of this format.' }),
  name: z
    .string()
    .regex(
      /^[a-z][a-z0-9-]{0,39}$/,
      'a scenario’s name starts with a lower-case letter and holds only a-z, 0-9 and "-"',
    )
    .meta({ description: 'Name of the scenario: records and the Temporal UI carry it.' }),
  description: z.string().max(500).optional().meta({ description: 'What the drill proves.' }),
  target: target.meta({ description: 'Who is hit, by role at the moment of injection.' }),
  fault: fault.meta({ description: 'What is done to it, and for how long.' }),
  repeat: z.int().min(1).max(100).default(1).meta({
    description: 'How often it is done in a row under one load, each time healed and whole again before the next.',
  }),
  load: load.prefault({}).meta({ description: 'The messages that flow while it happens.' }),
  expect: expect.prefault({}).meta({ description: 'The steady-state hypothesis, with tolerances.' }),
  guards: guards.prefault({}).meta({ description: 'What keeps the drill from starting, and what ends it early.' }),
});

/** A parsed scenario: every default filled in. JSON-plain. */
export type Scenario = z.output<typeof scenarioSchema>;
export type ScenarioInput = z.input<typeof scenarioSchema>;
export type Target = Scenario['target'];
export type Role = Target['role'];
export type FaultSpec = Scenario['fault'];
export type FaultKind = FaultSpec['kind'];
export type Flow = Scenario['load']['flows'][number];
export type Expectation = Scenario['expect'];
