import { EverbrokerError } from '../core/failure.js';
import { AGENT_FILE } from '../core/layout.js';
import type { Host } from './host.js';

/** Exit code of the agent's `guard` when the host's owner token is another. */
export const NOT_THE_OWNER = 97;

/**
 * The same host for one operation only: every command runs behind the agent's guard, which compares the owner token in
 * the same command, so nothing can come between the look and the deed.
 * `exec` throws EverbrokerError OwnershipLost once another operation owns the host.
 */
export function ownedBy(host: Host, token: string): Host {
  const guard = ['sh', AGENT_FILE, 'guard', token, '--'];
  return {
    name: host.name,
    async exec(argv, options) {
      const result = await host.exec([...guard, ...argv], options);
      if (result.exitCode === NOT_THE_OWNER && !result.timedOut) {
        const said = result.stderr.trim() || 'another operation owns this host';
        throw new EverbrokerError('OwnershipLost', `${host.name}: ${said}`, { host: host.name });
      }
      return { ...result, argv };
    },
    open: (port, options) => host.open(port, options),
    close: () => host.close(),
  };
}
