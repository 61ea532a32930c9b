/**
 * What inputs may reach through this worker. Whoever can start a workflow can send a topology, and a topology names
 * engines, images, URLs and addresses; so what is not the worker's own needs a setting:
 * - engines: without EVERBROKER_ALLOWED_ENGINES only the worker's own. Any other address would let an input talk to
 *   whatever socket or port the worker can reach.
 * - images: without EVERBROKER_ALLOWED_IMAGES any that names no registry. A registry in the name is a host that the
 *   engine would be made to call, with the engine's logins. Images run without privileges, mounts or the engine's socket.
 * - URLs: without EVERBROKER_ALLOWED_URLS any https one, always with a checksum (artefacts/url-policy.ts).
 * - addresses of hosts: without EVERBROKER_ALLOWED_HOSTS any; for containers they are addresses in a network of their own.
 */
import { EverbrokerError } from '../core/failure.js';
import { dockerHostOf, hostNames, type Topology } from '../core/topology/topology.js';
import { isAllowed, type WorkerSettings } from './options.js';

type Allowed = WorkerSettings['allowed'];

/** @throws EverbrokerError InputRefused naming everything that the worker's settings do not allow. */
export function permit(allowed: Allowed, ownEngine: string, topology: Topology): void {
  const refused = hostNames(topology).flatMap((host) => {
    const { address, engine, image } = dockerHostOf(topology, host);
    return [
      ...(isAllowed(address, allowed.hosts)
        ? []
        : [`hosts.${host}.address: ${address} is not among EVERBROKER_ALLOWED_HOSTS`]),
      ...(engineAllowed(allowed, ownEngine, engine) ? [] : [`hosts.${host}.engine: ${engineRefusal(allowed, engine)}`]),
      ...(imageAllowed(allowed, image) ? [] : [`hosts.${host}.image: ${imageRefusal(allowed, image)}`]),
    ];
  });
  if (refused.length === 0) return;
  const message = `this worker refuses the topology:\n  ${refused.join('\n  ')}`;
  throw new EverbrokerError('InputRefused', message, { refused });
}

/**
 * Again where an engine is opened: a topology is read by one worker, and its hosts may belong to another one's queue.
 * @throws EverbrokerError InputRefused
 */
export function permitEngine(allowed: Allowed, ownEngine: string, engine: string | undefined): void {
  if (!engineAllowed(allowed, ownEngine, engine))
    throw new EverbrokerError('InputRefused', engineRefusal(allowed, engine));
}

/** @throws EverbrokerError InputRefused */
export function permitImage(allowed: Allowed, image: string | undefined): void {
  if (!imageAllowed(allowed, image)) throw new EverbrokerError('InputRefused', imageRefusal(allowed, image));
}

const engineAllowed = (allowed: Allowed, ownEngine: string, engine: string | undefined): boolean =>
  engine === undefined || engine === ownEngine || (allowed.engines !== null && isAllowed(engine, allowed.engines));

const engineRefusal = (allowed: Allowed, engine = ''): string =>
  allowed.engines === null
    ? `engine ${engine} is not this worker's own; others must be named in EVERBROKER_ALLOWED_ENGINES`
    : `engine ${engine} is not among EVERBROKER_ALLOWED_ENGINES`;

function imageAllowed(allowed: Allowed, image: string | undefined): boolean {
  if (image === undefined) return true;
  return allowed.images === null ? !namesRegistry(image) : isAllowed(image, allowed.images);
}

const imageRefusal = (allowed: Allowed, image = ''): string =>
  allowed.images === null
    ? `image ${image} names a registry; such images must be named in EVERBROKER_ALLOWED_IMAGES`
    : `image ${image} is not among EVERBROKER_ALLOWED_IMAGES`;

/** Docker's own rule: the first part is a registry when it looks like a host name. */
function namesRegistry(image: string): boolean {
  const [first = '', ...rest] = image.split('/');
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
}
