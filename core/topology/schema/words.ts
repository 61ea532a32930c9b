/** What many fields are made of: names, ports, paths, addresses, references. */
import { z } from 'zod';

/** Names become container names, directories and JMX object names, so they keep to what all three accept. */
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,39}$/;
export const nameOf = (what: string) =>
  z
    .string()
    .regex(NAME, `a ${what} starts with a letter and holds only letters, digits, "-" and "_" (at most 40)`)
    .meta({ description: `Name of a ${what}.` });

export const clusterName = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,39}$/,
    'a cluster name starts with a lower-case letter and holds only a-z, 0-9 and "-" (at most 40)',
  );

export const port = z.int().min(1024, 'ports below 1024 need root, which brokers do not have').max(65535);
export const hasDots = (path: string) => path.split('/').some((part) => part === '.' || part === '..');
export const absolutePath = z
  .string()
  .regex(/^(\/[A-Za-z0-9._-]+)+$/, 'must be an absolute path of plain names (letters, digits, ".", "_", "-")')
  .refine((path) => !hasDots(path), 'must not contain "." or ".." as a part');
export const ipv4 = z.ipv4('must be an IPv4 address such as 172.18.0.112');
export const cidrv4 = z.cidrv4('must be an IPv4 network such as 172.18.0.0/16');
export const sha512 = z
  .string()
  .regex(/^[0-9a-f]{128}$/, 'must be a SHA-512 checksum: 128 hexadecimal digits, lower case')
  .meta({ description: 'SHA-512 of the file.' });
export const httpsUrl = z
  .url({ protocol: /^https$/, error: 'must be an https:// URL' })
  .refine((url) => !/^https:\/\/[^/]*@/.test(url), 'must not hold a user or a password')
  .meta({ description: 'Where to download from, https only.' });
export const cacheFile = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._+-]*$/, 'must be the plain name of a file in the artefact cache, without a directory')
  .meta({ description: 'Name of a file in the artefact cache.' });

export const user = z
  .string()
  .regex(
    /^[a-z][a-z0-9._-]{0,31}$/,
    'a user name starts with a lower-case letter and holds only a-z, 0-9, ".", "_" and "-"',
  );
export const secret = z
  .string()
  .regex(
    /^(generate|env:EVERBROKER_[A-Z0-9_]+|file:[A-Za-z0-9][A-Za-z0-9._/-]*)$/,
    'must be "generate", "env:EVERBROKER_…" or "file:<path below the worker\'s secrets directory>"; a password itself never stands in a topology',
  )
  .refine((reference) => !hasDots(reference.replace(/^file:/, '')), 'must not contain "." or ".." as a part')
  .meta({ description: '`generate`, `env:EVERBROKER_…` or `file:<path below the secrets directory>`.' });
