/**
 * The shape of a topology file. What one field can say alone is checked here; what needs two fields is in rules.ts.
 * docs/topology.md and the published JSON Schema are generated from the descriptions below.
 */
import { z } from 'zod';

/** Names become container names, directories and JMX object names, so they keep to what all three accept. */
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,39}$/;
const nameOf = (what: string) =>
  z
    .string()
    .regex(NAME, `a ${what} starts with a letter and holds only letters, digits, "-" and "_" (at most 40)`)
    .meta({ description: `Name of a ${what}.` });

const clusterName = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,39}$/,
    'a cluster name starts with a lower-case letter and holds only a-z, 0-9 and "-" (at most 40)',
  );

const port = z.int().min(1024, 'ports below 1024 need root, which brokers do not have').max(65535);
const hasDots = (path: string) => path.split('/').some((part) => part === '.' || part === '..');
const absolutePath = z
  .string()
  .regex(/^(\/[A-Za-z0-9._-]+)+$/, 'must be an absolute path of plain names (letters, digits, ".", "_", "-")')
  .refine((path) => !hasDots(path), 'must not contain "." or ".." as a part');
const ipv4 = z.ipv4('must be an IPv4 address such as 172.18.0.112');
const cidrv4 = z.cidrv4('must be an IPv4 network such as 172.18.0.0/16');
const sha512 = z
  .string()
  .regex(/^[0-9a-f]{128}$/, 'must be a SHA-512 checksum: 128 hexadecimal digits, lower case')
  .meta({ description: 'SHA-512 of the file.' });
const httpsUrl = z
  .url({ protocol: /^https$/, error: 'must be an https:// URL' })
  .refine((url) => !/^https:\/\/[^/]*@/.test(url), 'must not hold a user or a password')
  .meta({ description: 'Where to download from, https only.' });
const cacheFile = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._+-]*$/, 'must be the plain name of a file in the artefact cache, without a directory')
  .meta({ description: 'Name of a file in the artefact cache.' });

const version = z.string().regex(/^\d+\.\d+\.\d+$/, 'must be a full version such as 5.18.3');

const mavenSource = z.strictObject({
  kind: z.literal('maven'),
  coordinates: z
    .string()
    .regex(
      /^[A-Za-z0-9][\w.-]*:[A-Za-z0-9][\w.-]*:[A-Za-z0-9][\w.-]*:tar\.gz:bin$/,
      'must look like org.apache.activemq:apache-activemq:5.18.3:tar.gz:bin',
    )
    .optional()
    .meta({ description: 'Maven coordinates; default org.apache.activemq:apache-activemq:<version>:tar.gz:bin.' }),
});
const urlSource = z.strictObject({ kind: z.literal('url'), url: httpsUrl, sha512 });
const fileSource = z.strictObject({ kind: z.literal('file'), file: cacheFile, sha512 });

const activemq = z.strictObject({
  version: version.meta({ description: 'ActiveMQ Classic version.' }),
  source: z.discriminatedUnion('kind', [mavenSource, urlSource, fileSource]).default({ kind: 'maven' }).meta({
    description:
      'Where the distribution comes from: `maven`, `url` (https, with SHA-512) or `file` (in the artefact cache).',
  }),
});

const java = z.strictObject({
  // Launching reads the JVM's options from a file (`@file`), which Java 8 cannot; so 11, whatever the ActiveMQ version.
  minimum: z
    .int()
    .min(11)
    .max(25)
    .default(17)
    .meta({ description: 'Oldest Java major version that is used when it is present already.' }),
  source: z
    .discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('packages'),
        package: z
          .string()
          .regex(/^[a-z0-9][a-z0-9.+-]+$/, 'must be the name of a distribution package')
          .default('openjdk-17-jre-headless')
          .meta({ description: "Package of the host's distribution." }),
      }),
      z.strictObject({ kind: z.literal('url'), url: httpsUrl, sha512 }),
      z.strictObject({ kind: z.literal('file'), file: cacheFile, sha512 }),
    ])
    .default({ kind: 'packages', package: 'openjdk-17-jre-headless' })
    .meta({
      description:
        'Where Java comes from when a host has none that is new enough: `packages`, or a tar.gz by `url` or `file`.',
    }),
});

const heap = z.strictObject({
  initialMb: z.int().min(32).max(65536).default(64).meta({ description: '-Xms, MiB.' }),
  maxMb: z.int().min(64).max(65536).default(256).meta({ description: '-Xmx, MiB.' }),
});

const limits = z.strictObject({
  heap: heap.prefault({}).meta({ description: "Each node's JVM heap, MiB." }),
  memoryPercent: z
    .int()
    .min(10)
    .max(90)
    .default(70)
    .meta({ description: 'memoryUsage as a share of the heap, percent.' }),
  storeMb: z.int().min(64).default(10240).meta({ description: 'storeUsage of a group, MiB.' }),
  tempMb: z.int().min(64).default(1024).meta({ description: 'tempUsage of a node, MiB.' }),
  maximumConnections: z
    .int()
    .min(1)
    .max(100000)
    .default(1000)
    .meta({ description: 'Connections that a node accepts on its openwire connector.' }),
  maxFrameSizeBytes: z
    .int()
    .min(65536)
    .max(1073741824)
    .default(104857600)
    .meta({ description: 'Largest openwire frame, bytes; the largest message is a little less.' }),
});

const user = z
  .string()
  .regex(
    /^[a-z][a-z0-9._-]{0,31}$/,
    'a user name starts with a lower-case letter and holds only a-z, 0-9, ".", "_" and "-"',
  );
const secret = z
  .string()
  .regex(
    /^(generate|env:EVERBROKER_[A-Z0-9_]+|file:[A-Za-z0-9][A-Za-z0-9._/-]*)$/,
    'must be "generate", "env:EVERBROKER_…" or "file:<path below the worker\'s secrets directory>"; a password itself never stands in a topology',
  )
  .refine((reference) => !hasDots(reference.replace(/^file:/, '')), 'must not contain "." or ".." as a part')
  .meta({ description: '`generate`, `env:EVERBROKER_…` or `file:<path below the secrets directory>`.' });
const login = (name: string) =>
  z
    .strictObject({
      user: user.default(name).meta({ description: 'User name.' }),
      password: secret
        .default('generate')
        .meta({ description: '`generate`, `env:EVERBROKER_…` or `file:<path below the secrets directory>`.' }),
    })
    .prefault({});

const security = z.strictObject({
  openwireLogin: z
    .boolean()
    .default(true)
    .meta({ description: 'Whether clients must log in on the openwire connector.' }),
  console: login('ops').meta({ description: 'Login of the web console and Jolokia.' }),
  client: login('app').meta({ description: 'Login of applications.' }),
});

const network = z.strictObject({
  name: nameOf('network'),
  subnet: cidrv4.meta({ description: 'Subnet of the network.' }),
  policy: z.enum(['preferred', 'pinned']).default('preferred').meta({
    description:
      '`preferred`: when the subnet is taken another is chosen and shown; `pinned`: a taken subnet is refused.',
  }),
});

const taskQueue = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'must be a plain task queue name')
  .default('everbroker')
  .meta({ description: 'Temporal task queue of the workers that reach this host.' });

const dockerHost = z.strictObject({
  kind: z.literal('docker'),
  address: ipv4.meta({ description: 'Fixed address inside the network.' }),
  network: network.meta({ description: 'The Docker network that it is on.' }),
  container: nameOf('container')
    .min(2, 'a container name has at least two characters')
    .optional()
    .meta({ description: 'Container name; default <cluster>-<host>.' }),
  image: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._/:@-]*$/, 'must be an image reference')
    .optional()
    .meta({
      description: 'Image of the container; default the base image that Everbroker prepares (Debian without Java).',
    }),
  engine: z
    .string()
    .regex(/^(unix:\/\/\/[\w./-]+|tcp:\/\/[\w.-]+:\d+)$/, 'must be unix:///path or tcp://host:port')
    .optional()
    .meta({ description: "Docker engine; default the worker's own (DOCKER_HOST or the local socket)." }),
  publish: z
    .union([ipv4, z.literal(false)], 'must be an IPv4 address such as 127.0.0.1, or false')
    .default('127.0.0.1')
    .meta({ description: 'Address on which the ports are published, or false for none.' }),
  taskQueue,
});

const sshHost = z.strictObject({
  kind: z.literal('ssh'),
  address: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9.:-]*$/, 'must be a host name or an address')
    .meta({ description: 'Host name or address.' }),
  port: z.int().min(1).max(65535).default(22).meta({ description: 'Port of its SSH server.' }),
  user: user.default('root').meta({ description: 'User to log in as.' }),
  identity: secret.optional().meta({ description: 'Reference to the private key.' }),
  password: secret.optional().meta({ description: 'Reference to the password.' }),
  fingerprint: z
    .string()
    .regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'must look like SHA256:…')
    .optional()
    .meta({ description: "Fingerprint of the host's key; default: known_hosts decides." }),
  taskQueue,
});

const pollMs = z.int().min(100).max(10000);
const kahadb = z.strictObject({
  kind: z.literal('kahadb'),
  directory: absolutePath.meta({
    description: 'KahaDB directory that the nodes of the group share; a volume of its own is mounted there.',
  }),
  lockPollMs: pollMs
    .default(250)
    .meta({ description: 'lockAcquireSleepInterval: how often a slave tries the lock, ms.' }),
  lockKeepAliveMs: pollMs
    .default(1000)
    .meta({ description: 'lockKeepAlivePeriod: how often the master checks that the lock is still its own, ms.' }),
});
const jdbc = z.strictObject({
  kind: z.literal('jdbc'),
  url: z
    .string()
    .regex(/^jdbc:(mysql|mariadb|postgresql):\/\/\S+$/, 'must be a jdbc:mysql, jdbc:mariadb or jdbc:postgresql URL')
    .refine((url) => !/[?&;]password=|\/\/[^/]*@/i.test(url), 'must not hold a password')
    .meta({ description: 'JDBC URL of the database.' }),
  user: user.meta({ description: 'Database user.' }),
  password: secret,
});
const leveldb = z.strictObject({
  kind: z.literal('leveldb'),
  zookeeper: z
    .string()
    .regex(/^[A-Za-z0-9.-]+:\d+(,[A-Za-z0-9.-]+:\d+)*$/, 'must look like zoo1:2181,zoo2:2181,zoo3:2181')
    .meta({ description: 'ZooKeeper ensemble.' }),
  acknowledge: z
    .literal('leveldb-is-deprecated', 'must be leveldb-is-deprecated: ActiveMQ gave it up')
    .meta({ description: 'That you know.' }),
});

const node = z.strictObject({
  host: nameOf('host').meta({ description: 'The host that it runs on.' }),
  openwire: port.meta({ description: 'Port of the openwire connector.' }),
  console: port.meta({ description: 'Port of the web console and Jolokia.' }),
});

const group = z.strictObject({
  store: z
    .discriminatedUnion('kind', [kahadb, jdbc, leveldb])
    .meta({ description: 'What the nodes of the group share; its lock decides the master.' }),
  nodes: z.record(nameOf('node'), node).meta({
    description: 'Its nodes by name, in the order in which they start; names are unique in the whole topology.',
  }),
});

const bridge = z.strictObject({
  name: nameOf('bridge').meta({ description: 'networkConnector name.' }),
  from: nameOf('group').meta({ description: 'Group whose nodes carry the networkConnector.' }),
  to: nameOf('group').meta({ description: 'Group that it connects to.' }),
  duplex: z.boolean().default(true).meta({ description: 'Whether messages flow both ways.' }),
  discovery: z
    .enum(['masterslave', 'static', 'multicast'])
    .default('masterslave')
    .meta({ description: '`masterslave:` (recommended), `static:` or `multicast:` discovery.' }),
  backOff: z.enum(['bounded', 'default']).default('bounded').meta({
    description: "`bounded`: retry every second; `default`: ActiveMQ's exponential back-off, up to 30 s and more.",
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
  strandedMessages: z.enum(['replay', 'keep']).default('replay').meta({
    description:
      "`replay`: messages return over a bridge when their consumers left (replayWhenNoConsumers); `keep`: ActiveMQ's default.",
  }),
  hosts: z
    .record(nameOf('host'), hostSchema)
    .meta({ description: 'Hosts by name; the first keeps the master copies of generated secrets.' }),
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
export type GroupSpec = Topology['groups'][string];
export type NodeSpec = GroupSpec['nodes'][string];
export type BridgeSpec = Topology['bridges'][number];
export type StoreSpec = GroupSpec['store'];
