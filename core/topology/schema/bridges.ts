/** Which groups are joined to a network of brokers, and how. */
import { z } from 'zod';
import { nameOf } from './words.js';

export const bridge = z.strictObject({
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
