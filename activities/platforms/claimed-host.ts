/**
 * The claim on a machine is a file; what is done before the agent is there, and after it is gone, runs behind it. A
 * machine that this operation has not claimed has no such file, so nothing lands on another one by mistake.
 */
import { EverbrokerError } from '../../core/failure.js';
import type { Host } from '../../hosts/host.js';
import { NOT_THE_OWNER } from '../../hosts/owned-host.js';

/**
 * Where the state will be, so that it is still there after a boot in the middle of an operation; on a machine that has
 * that read-only, in memory, so that the preflight can tell of it. Lines: id, cluster, token, operation, renewed at.
 */
export const CLAIM_PLACE = `claim=/var/lib/everbroker.claim
[ -w /var/lib ] || claim=/run/everbroker.claim`;

const GUARD = `${CLAIM_PLACE}
[ "$(sed -n 3p "$claim" 2>/dev/null)" = "$1" ] || { echo 'another operation has claimed this machine' >&2; exit ${NOT_THE_OWNER}; }
shift
exec "$@"`;

/** The same machine for one operation only. Its exec throws EverbrokerError OwnershipLost once another has claimed it. */
export function claimedBy(host: Host, token: string): Host {
  return {
    name: host.name,
    async exec(argv, options) {
      const result = await host.exec(['sh', '-c', GUARD, 'claimed', token, ...argv], options);
      if (result.exitCode === NOT_THE_OWNER && !result.timedOut)
        throw new EverbrokerError('OwnershipLost', `${host.name}: ${result.stderr.trim()}`, { host: host.name });
      return { ...result, argv };
    },
    open: (port, options) => host.open(port, options),
    close: () => host.close(),
  };
}
