/** Users and how they log in. */
import { z } from 'zod';
import { secret, user } from './words.js';

const login = (name: string) =>
  z
    .strictObject({
      user: user.default(name).meta({ description: 'User name.' }),
      password: secret
        .default('generate')
        .meta({ description: '`generate`, `env:EVERBROKER_…` or `file:<path below the secrets directory>`.' }),
    })
    .prefault({});

export const security = z.strictObject({
  openwireLogin: z
    .boolean()
    .default(true)
    .meta({ description: 'Whether clients must log in on the openwire connector.' }),
  console: login('ops').meta({ description: 'Login of the web console and Jolokia.' }),
  client: login('app').meta({ description: 'Login of applications.' }),
});
