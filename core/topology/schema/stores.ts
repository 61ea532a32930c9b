/** What the nodes of a group share; its lock decides the master. */
import { z } from 'zod';
import { absolutePath, secret, user } from './words.js';

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

export const store = z
  .discriminatedUnion('kind', [kahadb, jdbc, leveldb])
  .meta({ description: 'What the nodes of the group share; its lock decides the master.' });
