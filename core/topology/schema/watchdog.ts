/** What the hosts' agents do about a broker that hangs. */
import { z } from 'zod';

export const watchdog = z.strictObject({
  enabled: z.boolean().default(true).meta({
    description:
      "Whether a host's agent kills a broker that serves and then hangs, so that another takes over, or that has shut down in a JVM that lives on; a broker that starts or recovers its journal is left alone.",
  }),
  unresponsiveSeconds: z.int().min(5).max(3600).default(10).meta({
    description: 'How long a broker may be stopped (SIGSTOP), or answer neither its console nor its openwire port.',
  }),
});
