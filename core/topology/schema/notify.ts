/** Who is told when a drill fails or a verification finds something. */
import { z } from 'zod';
import { secret } from './words.js';

const webhook = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'must be an https:// URL' })
    .refine(
      (url) => url.startsWith('https://') || /^http:\/\/(127\.0\.0\.1|localhost)[:/]/.test(url),
      'must be an https:// URL; http:// only to 127.0.0.1 or localhost',
    )
    .refine((url) => !/^https?:\/\/[^/]*@/.test(url), 'must not hold a user or a password')
    .meta({ description: 'Takes a POST with JSON; see docs/drills.md.' }),
  secret: secret
    .refine((reference) => reference !== 'generate', 'must be a reference: both ends have to know it')
    .optional()
    .meta({ description: 'Key of the signature: `env:EVERBROKER_…` or `file:<path below the secrets directory>`.' }),
});

export const notify = z.strictObject({ webhook: webhook.meta({ description: 'A URL that is called.' }) });
