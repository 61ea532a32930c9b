/**
 * What inputs may reach through this worker. Whoever can start a workflow can send a topology, and a topology names
 * engines, images, URLs and addresses; so what is not the worker's own needs a setting:
 * - engines: without EVERBROKER_ALLOWED_ENGINES only the worker's own. Any other address would let an input talk to
 *   whatever socket or port the worker can reach.
 * - images: without EVERBROKER_ALLOWED_IMAGES any that names no registry. A registry in the name is a host that the
 *   engine would be made to call, with the engine's logins. Images run without privileges, mounts or the engine's socket.
 * - URLs: without EVERBROKER_ALLOWED_URLS any https one, always with a checksum (artefacts/url-policy.ts). A webhook is
 *   called by POST with the drill's verdict and nothing else, never follows a redirect, and needs the same permission.
 * - addresses of hosts: without EVERBROKER_ALLOWED_HOSTS any; for containers they are addresses in a network of their own.
 *   For hosts over SSH any means: wherever the worker's secrets and ssh keys open the door, and only with a known host key.
 * - the ssh-agent: without EVERBROKER_SSH_AGENT=allow never.
 */
import { EverbrokerError } from '../core/failure.js';
import { hostNames, hostOf, type Topology } from '../core/topology/topology.js';
import type { DockerHostSpec, SshHostSpec } from '../core/topology/schema.js';
import { isAllowed, type WorkerSettings } from './options.js';

type Allowed = WorkerSettings['allowed'];

type Settings = Pick<WorkerSettings, 'allowed' | 'ssh'>;

/** @throws EverbrokerError InputRefused naming everything that the worker's settings do not allow. */
export function permit(settings: Settings, ownEngine: string, topology: Topology): void {
  refuseAny([
    ...webhookRefusals(settings.allowed, topology),
    ...hostNames(topology).flatMap((host) => {
      const spec = hostOf(topology, host);
      return spec.kind === 'ssh'
        ? sshRefusals(settings, spec, `hosts.${host}`)
        : dockerRefusals(settings.allowed, { ownEngine, spec, at: `hosts.${host}` });
    }),
  ]);
}

function webhookRefusals({ urls }: Allowed, { notify }: Topology): string[] {
  const url = notify?.webhook.url;
  return url === undefined || isAllowed(url, urls)
    ? []
    : [`notify.webhook.url: ${new URL(url).origin} is not among EVERBROKER_ALLOWED_URLS`];
}

function refuseAny(refused: string[]): void {
  if (refused.length === 0) return;
  const message = `this worker refuses the topology:\n  ${refused.join('\n  ')}`;
  throw new EverbrokerError('InputRefused', message, { refused });
}

function dockerRefusals(
  allowed: Allowed,
  { ownEngine, spec, at }: { ownEngine: string; spec: DockerHostSpec; at: string },
): string[] {
  const { address, engine, image } = spec;
  return [
    ...addressRefusals(allowed, address, `${at}.address`),
    ...(engineAllowed(allowed, ownEngine, engine) ? [] : [`${at}.engine: ${engineRefusal(allowed, engine)}`]),
    ...(imageAllowed(allowed, image) ? [] : [`${at}.image: ${imageRefusal(allowed, image)}`]),
  ];
}

function sshRefusals({ allowed, ssh }: Settings, spec: SshHostSpec, at: string): string[] {
  const jumps = spec.jump === undefined ? [] : [spec.jump].flat();
  const machines = [
    { machine: spec, where: at },
    ...jumps.map((machine, i) => ({ machine, where: `${at}.jump[${i}]` })),
  ];
  return machines.flatMap(({ machine, where }) => [
    ...addressRefusals(allowed, machine.address, `${where}.address`),
    ...(machine.agent && ssh.agent === null
      ? [`${where}.agent: this worker lets no input use an ssh-agent (EVERBROKER_SSH_AGENT=allow, with SSH_AUTH_SOCK)`]
      : []),
  ]);
}

const addressRefusals = (allowed: Allowed, address: string, at: string): string[] =>
  isAllowed(address, allowed.hosts) ? [] : [`${at}: ${address} is not among EVERBROKER_ALLOWED_HOSTS`];

/** Again where a host is opened, for the reason of permitEngine. @throws EverbrokerError InputRefused */
export function permitSsh(settings: Settings, spec: SshHostSpec): void {
  refuseAny(sshRefusals(settings, spec, spec.address));
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
