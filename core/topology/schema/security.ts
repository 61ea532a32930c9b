/** Users and how they log in. */
import { z } from 'zod';
import { hasDots, nameOf, secret, user } from './words.js';

const login = (name: string) =>
  z
    .strictObject({
      user: user.default(name).meta({ description: 'User name.' }),
      password: secret
        .default('generate')
        .meta({ description: '`generate`, `env:EVERBROKER_…` or `file:<path below the secrets directory>`.' }),
    })
    .prefault({});

const pem = z
  .string()
  .regex(/^file:[A-Za-z0-9][A-Za-z0-9._/-]*$/, 'must be "file:<path below the worker\'s secrets directory>"')
  .refine((reference) => !hasDots(reference.replace(/^file:/, '')), 'must not contain "." or ".." as a part');

const given = z.strictObject({
  ca: pem.meta({ description: 'Certificate of the authority that signed them, PEM, that clients trust.' }),
  hosts: z
    .record(
      nameOf('host'),
      z.strictObject({
        certificate: pem.meta({ description: 'Certificate of the host for every name it is reached by, PEM.' }),
        key: pem.meta({ description: 'Its RSA private key, PEM, without a passphrase.' }),
      }),
    )
    .meta({ description: 'Certificate and key of every host.' }),
});

const tls = z.strictObject({
  days: z.int().min(1).max(825).default(365).meta({ description: 'How long a generated certificate is good, days.' }),
  renewDays: z.int().min(0).max(400).default(30).meta({
    description: 'From how many days before its end verification warns, and deployment makes a new one.',
  }),
  given: given
    .optional()
    .meta({ description: 'Certificates that somebody else made, by reference; default generated.' }),
});

export const security = z.strictObject({
  openwireLogin: z
    .boolean()
    .default(true)
    .meta({ description: 'Whether clients must log in on the openwire connector.' }),
  // Absent stays absent: the hash of clusters without it is as it was.
  tls: z.union([z.boolean(), tls], 'must be true, false or an object').optional().meta({
    description:
      'Encrypts clients, bridges and the console (`ssl://`, `https://`, TLS 1.2 and 1.3) and refuses plain text: `true`, or an object.',
  }),
  console: login('ops').meta({ description: 'Login of the web console and Jolokia.' }),
  client: login('app').meta({ description: 'Login of applications.' }),
});
