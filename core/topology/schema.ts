/**
 * The shape of a topology file. What one field can say alone is checked here; what needs two fields is in rules.ts.
 * docs/topology.md and the published JSON Schema are generated from the descriptions below.
 */
import { z } from 'zod';
import { bridge } from './schema/bridges.js';
import { dockerHost, sshHost } from './schema/hosts.js';
import { limits } from './schema/limits.js';
import { notify } from './schema/notify.js';
import { security } from './schema/security.js';
import { activemq, java } from './schema/software.js';
import { database, ensemble, store } from './schema/stores.js';
import { watchdog } from './schema/watchdog.js';
import { absolutePath, clusterName, nameOf, port, user } from './schema/words.js';

const node = z.strictObject({
  host: nameOf('host').meta({ description: 'The host that it runs on.' }),
  openwire: port.meta({ description: 'Port of the openwire connector.' }),
  console: port.meta({ description: 'Port of the web console and Jolokia.' }),
  replication: port.optional().meta({
    description: 'Port of a store of kind `leveldb`, where the other nodes of the group fetch what the master stores.',
  }),
});

const group = z.strictObject({
  store,
  nodes: z.record(nameOf('node'), node).meta({
    description: 'Its nodes by name, in the order in which they start; names are unique in the whole topology.',
  }),
});

/** What stands under a name of `hosts`, `groups` and `nodes`: checked also where the name itself is refused. */
export const hostSchema = z.discriminatedUnion('kind', [dockerHost, sshHost]);
export const groupSchema = group;
export const nodeSchema = node;

export const topologySchema = z.strictObject({
  version: z.literal(1, 'must be 1, the only version of this format').meta({ description: 'Version of this format.' }),
  name: clusterName.meta({ description: 'Name of the cluster: workflow ids, labels and volumes carry it.' }),
  description: z.string().max(500).optional().meta({ description: 'A sentence for people.' }),
  environment: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be a plain lower-case word')
    .default('development')
    .meta({ description: 'Label that guards of drills compare.' }),
  root: absolutePath
    .default('/usr/local/mqcluster')
    .meta({ description: 'Directory on each host below which homes and nodes live.' }),
  runAs: z
    .strictObject({
      user: user.default('activemq').meta({ description: 'User name.' }),
      uid: z.int().min(100).max(60000).default(7616).meta({ description: 'User and group id.' }),
    })
    .prefault({})
    .meta({ description: 'The user that brokers run as; fixed so that a store keeps its owner.' }),
  activemq: activemq.meta({ description: 'The ActiveMQ Classic that is installed.' }),
  java: java.prefault({}).meta({ description: 'The Java that it runs on.' }),
  limits: limits.prefault({}).meta({ description: 'Sizes of each broker.' }),
  security: security.prefault({}).meta({ description: 'Users of the brokers.' }),
  notify: notify
    // Absent stays absent: the hash of clusters without one is as it was.
    .optional()
    .meta({ description: 'Who is told of failed drills and of drift.' }),
  strandedMessages: z.enum(['replay', 'keep']).default('replay').meta({
    description:
      "`replay`: messages return over a bridge when their consumers left (replayWhenNoConsumers); `keep`: ActiveMQ's default.",
  }),
  watchdog: watchdog.prefault({}).meta({ description: 'What is done about a broker that hangs.' }),
  hosts: z
    .record(nameOf('host'), hostSchema)
    .meta({ description: 'Hosts by name; the first keeps the master copies of generated secrets.' }),
  databases: z
    .record(nameOf('database'), database)
    // Absent stays absent: the hash of clusters without one is as it was.
    .optional()
    .meta({ description: 'Databases that Everbroker installs and keeps, by name, for stores of kind `jdbc`.' }),
  ensembles: z
    .record(nameOf('ensemble'), ensemble)
    .optional()
    .meta({ description: 'ZooKeeper ensembles that Everbroker installs and keeps, for stores of kind `leveldb`.' }),
  groups: z
    .record(nameOf('group'), groupSchema)
    .meta({ description: 'Groups by name, which is the brokerName; each is one logical broker.' }),
  bridges: z.array(bridge).default([]).meta({ description: 'Which groups are joined to a network of brokers.' }),
});

/** A parsed topology: every default filled in. JSON-plain. */
export type Topology = z.output<typeof topologySchema>;
/** What a person writes. */
export type TopologyInput = z.input<typeof topologySchema>;
export type HostSpec = Topology['hosts'][string];
export type DockerHostSpec = Extract<HostSpec, { kind: 'docker' }>;
export type SshHostSpec = Extract<HostSpec, { kind: 'ssh' }>;
export type GroupSpec = Topology['groups'][string];
export type NodeSpec = GroupSpec['nodes'][string];
export type BridgeSpec = Topology['bridges'][number];
export type StoreSpec = GroupSpec['store'];
export type DatabaseSpec = NonNullable<Topology['databases']>[string];
export type EnsembleSpec = NonNullable<Topology['ensembles']>[string];
