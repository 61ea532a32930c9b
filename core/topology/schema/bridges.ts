/** Which groups are joined to a network of brokers, and how. */
import { z } from 'zod';
import { nameOf } from './words.js';

export const bridge = z.strictObject({
  name: nameOf('bridge').meta({ description: 'networkConnector name.' }),
  from: nameOf('group').meta({ description: 'Group whose nodes carry the networkConnector.' }),
  to: nameOf('group').meta({ description: 'Group that it connects to.' }),
  duplex: z.boolean().default(true).meta({
    description:
      'Whether messages flow both ways over one connection; two bridges with `false` in opposite directions do the same over two.',
  }),
  discovery: z.enum(['masterslave', 'static', 'multicast']).default('masterslave').meta({
    description:
      'How the other master is found: `masterslave` (recommended: the list of nodes, one tried at a time), `static` (the list, all tried at once) or `multicast` (it announces itself on the network).',
  }),
  backOff: z.enum(['bounded', 'default']).default('bounded').meta({
    description: "`bounded`: retry every second; `default`: ActiveMQ's exponential back-off, up to 30 s and more.",
  }),
});
