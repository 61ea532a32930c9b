/** What the nodes of a group share; its lock decides the master. */
import { z } from 'zod';
import { absolutePath, nameOf, port, secret, user } from './words.js';

const movedFrom = z
  .string()
  .regex(/^\S{1,500}$/, 'must be one word, as the refusal names the old store')
  .optional()
  .meta({
    description:
      'The store that the group was on before, as the refusal `StoreChanged` names it: says that you know that what it holds stays behind. All nodes are then stopped before one starts on this store.',
  });

const pollMs = z.int().min(100).max(10000);
const kahadb = z.strictObject({
  kind: z.literal('kahadb'),
  directory: absolutePath.meta({
    description:
      'KahaDB directory that the nodes of the group share; in containers a volume of its own is mounted there.',
  }),
  shared: z.literal(true, 'must be true, or left out').optional().meta({
    description:
      'Says that `directory` is on one file system that every host of the group has mounted already. Needed where they do not share a Docker engine; a deployment proves it, and its lock, before a broker starts.',
  }),
  lockPollMs: pollMs
    .default(250)
    .meta({ description: 'lockAcquireSleepInterval: how often a slave tries the lock, ms.' }),
  lockKeepAliveMs: pollMs
    .default(1000)
    .meta({ description: 'lockKeepAlivePeriod: how often the master checks that the lock is still its own, ms.' }),
  movedFrom,
});
const jdbc = z.strictObject({
  kind: z.literal('jdbc'),
  database: nameOf('database').optional().meta({
    description: 'A database of `databases`; the group gets a schema, a user and a password of its own there.',
  }),
  url: z
    .string()
    .regex(/^jdbc:(mysql|mariadb|postgresql):\/\/\S+$/, 'must be a jdbc:mysql, jdbc:mariadb or jdbc:postgresql URL')
    .refine((url) => !/[?&;]password=|\/\/[^/]*@/i.test(url), 'must not hold a password')
    .optional()
    .meta({ description: 'JDBC URL of a database that exists; instead of `database`, with `user` and `password`.' }),
  user: user.optional().meta({ description: 'User of the database that exists.' }),
  password: secret
    .optional()
    .meta({ description: "That user's password: `env:EVERBROKER_…` or `file:<path below the secrets directory>`." }),
  leaseMs: z.int().min(500).max(60000).default(2000).meta({
    description: 'lockAcquireSleepInterval: how long a lease lasts, and how often a slave tries to get it, ms.',
  }),
  lockKeepAliveMs: pollMs
    .default(500)
    .meta({ description: 'lockKeepAlivePeriod: how often the master renews its lease, ms; at most half a lease.' }),
  movedFrom,
});
const leveldb = z.strictObject({
  kind: z.literal('leveldb'),
  ensemble: nameOf('ensemble').optional().meta({
    description: 'An ensemble of `ensembles`, by which the nodes elect their master.',
  }),
  zookeeper: z
    .string()
    .regex(/^[A-Za-z0-9.-]+:\d+(,[A-Za-z0-9.-]+:\d+)*$/, 'must look like zoo1:2181,zoo2:2181,zoo3:2181')
    .optional()
    .meta({ description: 'Instead of `ensemble`: servers of a ZooKeeper that exists.' }),
  sessionTimeoutMs: z.int().min(1000).max(60000).default(2000).meta({
    description: 'zkSessionTimeout: how long a node may be silent before the others elect another master, ms.',
  }),
  sync: z.enum(['quorum_disk', 'quorum_mem']).default('quorum_disk').meta({
    description: 'When a message counts as stored: on the disks of a majority of the nodes, or in their memory.',
  }),
  acknowledge: z
    .literal('leveldb-is-deprecated', 'must be leveldb-is-deprecated: ActiveMQ gave it up')
    .meta({ description: 'That you know.' }),
  movedFrom,
});

export const store = z
  .discriminatedUnion('kind', [kahadb, jdbc, leveldb])
  .meta({ description: 'What the nodes of the group share; its lock decides the master.' });

/** A database server that Everbroker installs on one of the hosts. */
export const database = z.strictObject({
  engine: z
    .enum(['mariadb', 'postgresql'])
    .meta({ description: "`mariadb` or `postgresql`, from the packages of the host's distribution." }),
  host: nameOf('host').meta({ description: 'The host that it runs on.' }),
  port: port.optional().meta({ description: 'Its port; default 3306 for mariadb, 5432 for postgresql.' }),
});

export const ensemble = z.strictObject({
  hosts: z
    .array(nameOf('host'))
    .min(1, 'an ensemble has at least one server')
    .max(9)
    .meta({ description: 'The hosts of its servers, one on each; three, so that one can be lost.' }),
  port: port.default(2181).meta({ description: 'Port for the brokers.' }),
  peerPort: port.default(2888).meta({ description: 'Port of the leader, for the other servers.' }),
  electionPort: port.default(3888).meta({ description: 'Port by which the servers elect their leader.' }),
});
