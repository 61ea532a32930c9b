/**
 * The claim on a Docker engine: a never-started container. Its name is unique, so making it is atomic; its id is the
 * lease (docs/decisions/0003-claims-on-the-engine.md).
 */
import { EverbrokerError } from '../../core/failure.js';
import { LABEL_CLUSTER, LABEL_ROLE, claimName } from '../../core/naming.js';
import type { Claim, DockerEngine } from '../../hosts/docker-engine.js';
import type { Deps } from '../deps.js';
import type { FoundClaim, Lease } from './lease.js';

const LABEL_TOKEN = 'everbroker.token';
const LABEL_OPERATION = 'everbroker.operation';

export function dockerLease(deps: Deps, engine: DockerEngine, cluster: string): Lease {
  const name = claimName(cluster);
  return {
    async take({ token, operation, renewedAt }, signal) {
      const image = await deps.ensureImage(engine, undefined, signal);
      const labels = {
        [LABEL_CLUSTER]: cluster,
        [LABEL_ROLE]: 'claim',
        [LABEL_TOKEN]: token,
        [LABEL_OPERATION]: operation,
      };
      const claim = await engine.createClaim({ name, image, labels, renewedAt });
      return claim.taken ? foundIn(claim.existing) : null;
    },
    async read() {
      const claim = await engine.readClaim(name);
      return claim === null ? null : foundIn(claim);
    },
    renew: (id, renewedAt) => engine.renewClaim(id, renewedAt),
    remove: (id) => engine.removeClaim(id),
  };
}

const foundIn = ({ id, labels, renewedAt }: Claim): FoundClaim => ({
  id,
  cluster: labels[LABEL_ROLE] === 'claim' ? (labels[LABEL_CLUSTER] ?? null) : null,
  token: labels[LABEL_TOKEN] ?? '',
  operation: labels[LABEL_OPERATION] ?? 'another operation',
  renewedAt,
});

/** @throws EverbrokerError OwnershipLost when the claim on the engine is not this token's. */
export async function insistOnClaim(engine: DockerEngine, cluster: string, token: string): Promise<void> {
  const claim = await engine.readClaim(claimName(cluster));
  if (claim?.labels[LABEL_TOKEN] === token) return;
  throw new EverbrokerError('OwnershipLost', `the claim on cluster ${cluster} is no longer this operation's`);
}
