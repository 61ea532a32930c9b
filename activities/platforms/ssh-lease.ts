/**
 * The claim on a machine: a file, made by link, which is atomic. Renewing and removing compare its id first; a lock on the
 * directory keeps another from coming in between (where there is no flock, the preflight refuses the machine anyway).
 */
import { randomUUID } from 'node:crypto';
import { EverbrokerError } from '../../core/failure.js';
import type { Topology } from '../../core/topology/topology.js';
import { run } from '../../hosts/run.js';
import type { Deps } from '../deps.js';
import { CLAIM_PLACE } from './claimed-host.js';
import type { FoundClaim, Lease } from './lease.js';

const LEASE_MS = 15_000;
/** What the script says when that very claim is not there. */
const GONE = 3;

const SCRIPT = `umask 077
${CLAIM_PLACE}
if command -v flock >/dev/null; then exec 9<"\${claim%/*}"; flock -w 10 9 || exit 1; fi
mine() { [ -e "$claim" ] && [ "$(sed -n 1p "$claim")" = "$1" ]; }
put() { printf '%s\\n' "$@" >"$claim.new.$$" || { rm -f "$claim.new.$$"; exit 1; }; }
what=$1; shift
case $what in
  take)
    rm -f "$claim".new.*
    if [ ! -e "$claim" ]; then
      put "$@"
      ln "$claim.new.$$" "$claim" 2>/dev/null && mine "$1" && { rm -f "$claim.new.$$"; exit 0; }
      rm -f "$claim.new.$$"
    fi
    cat "$claim" ;;
  read) [ ! -e "$claim" ] || cat "$claim" ;;
  renew)
    mine "$1" || exit ${GONE}
    id=$1 cluster=$(sed -n 2p "$claim") token=$(sed -n 3p "$claim") operation=$(sed -n 4p "$claim")
    put "$id" "$cluster" "$token" "$operation" "$2"
    mv -f "$claim.new.$$" "$claim" ;;
  remove) ! mine "$1" || rm -f "$claim" ;;
esac`;

export function sshLease(deps: Deps, topology: Topology, host: string): Lease {
  const call = async (...args: string[]): Promise<string> => {
    const opened = await deps.openHost(topology, host);
    return (await run(opened, ['sh', '-c', SCRIPT, 'claim', ...args], { timeoutMs: LEASE_MS })).stdout;
  };
  return {
    async take({ cluster, token, operation, renewedAt }) {
      const lines = [randomUUID(), cluster, token, operation.replaceAll('\n', ' '), String(renewedAt)];
      return foundIn(await call('take', ...lines));
    },
    read: async () => foundIn(await call('read')),
    async renew(id, renewedAt) {
      const opened = await deps.openHost(topology, host);
      const argv = ['sh', '-c', SCRIPT, 'claim', 'renew', id, String(renewedAt)];
      const renewed = await opened.exec(argv, { timeoutMs: LEASE_MS });
      if (renewed.exitCode === 0) return;
      const message = `${host}: the claim on the machine could not be renewed: ${renewed.stderr.trim() || 'it was taken away'}`;
      throw new EverbrokerError(renewed.exitCode === GONE ? 'OwnershipLost' : 'CommandFailed', message, { host });
    },
    remove: async (id) => void (await call('remove', id)),
  };
}

function foundIn(text: string): FoundClaim | null {
  if (text === '') return null;
  const [id = '', cluster = '', token = '', operation = '', renewedAt = ''] = text.split('\n');
  return { id, cluster: cluster || null, token, operation, renewedAt: Number.parseInt(renewedAt, 10) || 0 };
}
