/** What is installed: ActiveMQ and Java. */
import { z } from 'zod';
import { cacheFile, httpsUrl, sha512 } from './words.js';

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

export const activemq = z.strictObject({
  version: version.meta({ description: 'ActiveMQ Classic version.' }),
  source: z.discriminatedUnion('kind', [mavenSource, urlSource, fileSource]).default({ kind: 'maven' }).meta({
    description:
      'Where the distribution comes from: `maven`, `url` (https, with SHA-512) or `file` (in the artefact cache).',
  }),
});

export const java = z.strictObject({
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
          .optional()
          .meta({
            description:
              "Package of the host's distribution; default the oldest Java with long support that is new enough (openjdk-17-jre-headless, java-17-openjdk-headless, openjdk17-jre-headless).",
          }),
      }),
      z.strictObject({ kind: z.literal('url'), url: httpsUrl, sha512 }),
      z.strictObject({ kind: z.literal('file'), file: cacheFile, sha512 }),
    ])
    .default({ kind: 'packages' })
    .meta({
      description:
        'Where Java comes from when a host has none that is new enough: `packages`, or a tar.gz by `url` or `file`.',
    }),
});
