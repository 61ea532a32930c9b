/** Where nodes run: the only place of addresses, engines, networks and task queues. */
import { z } from 'zod';
import { cidrv4, ipv4, nameOf, secret, user } from './words.js';

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

export const dockerHost = z.strictObject({
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

const reference = secret.refine(
  (value) => value !== 'generate',
  'cannot be generated: the host has to know it already',
);

/** How one machine is logged in to: the host, or a jump host on the way to it. */
const login = {
  address: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9.:-]*$/, 'must be a host name or an address')
    .meta({ description: "Host name or address, or a Host of the worker's ssh configuration." }),
  port: z
    .int()
    .min(1)
    .max(65535)
    .optional()
    .meta({ description: "Port of its SSH server; default that of the worker's ssh configuration, else 22." }),
  user: user.optional().meta({
    description: "User to log in as; default that of the worker's ssh configuration, else root. Others need sudo.",
  }),
  identity: reference.optional().meta({
    description:
      "Reference to the private key. Without identity, agent and password: the keys of the worker's ssh configuration.",
  }),
  passphrase: reference.optional().meta({ description: "Reference to the private key's passphrase." }),
  agent: z.boolean().default(false).meta({
    description: "Whether the worker's ssh-agent is asked; its settings have to allow that (EVERBROKER_SSH_AGENT).",
  }),
  password: reference
    .optional()
    .meta({ description: 'Reference to the password, for the log-in and for sudo where that asks.' }),
  fingerprint: z
    .string()
    .regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'must look like SHA256:…')
    .optional()
    .meta({ description: "Fingerprint of its host key; default: the worker's known_hosts decides." }),
};

const jump = z.strictObject(login);

export const sshHost = z.strictObject({
  kind: z.literal('ssh'),
  ...login,
  jump: z
    .union([jump, z.array(jump).min(1).max(4)])
    .optional()
    .meta({ description: 'Jump host, or several, the nearest first.' }),
  taskQueue,
});
