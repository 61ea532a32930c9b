import { createServer } from 'node:net';
import type Docker from 'dockerode';
import { EverbrokerError } from '../core/failure.js';
import { call, type DockerClient } from './docker-client.js';

/**
 * Docker reports a taken port and a taken address as a server error with an English text. So both are looked for: first
 * among the other containers, then on this machine, and only then in the text.
 */
export async function startFailure(client: DockerClient, id: string, error: unknown): Promise<unknown> {
  if (!(error instanceof EverbrokerError) || error.type !== 'CommandFailed') return error;
  const wanted = await call(client, { what: `inspect ${id}` }, () => client.docker.getContainer(id).inspect()).catch(
    () => null,
  );
  if (!wanted) return error;
  const name = wanted.Name.slice(1);
  const rivals = (await call(client, { what: 'list containers' }, () => client.docker.listContainers())).filter(
    (rival) => rival.Id !== wanted.Id,
  );
  const address = addressClash(wanted, rivals);
  if (address) {
    const message = `${name}: the address ${address.ip} is taken by the container ${address.holder}`;
    return new EverbrokerError('AddressTaken', message, address, { cause: error });
  }
  const port = (await portClash(client, wanted, rivals)) ?? portInText(error);
  if (!port) return error;
  const holder = port.holder ? ` by the container ${port.holder}` : '';
  return new EverbrokerError('PortTaken', `${name}: port ${port.port} is taken${holder}`, port, { cause: error });
}

const nameOf = (info: Docker.ContainerInfo): string => (info.Names[0] ?? info.Id).slice(1);

function addressClash(
  wanted: Docker.ContainerInspectInfo,
  rivals: Docker.ContainerInfo[],
): { ip: string; holder: string } | null {
  for (const [network, endpoint] of Object.entries(wanted.NetworkSettings.Networks)) {
    const ip = (endpoint.IPAMConfig as Untyped<{ IPv4Address?: string }>)?.IPv4Address;
    const rival = rivals.find((other) => other.NetworkSettings.Networks[network]?.IPAddress === ip);
    if (typeof ip === 'string' && rival) return { ip, holder: nameOf(rival) };
  }
  return null;
}

/** What dockerode types as any, as the engine's API documents it. */
type Untyped<T> = T | null | undefined;

type PortClash = {
  port: number;
  holder?: string;
};

async function portClash(
  client: DockerClient,
  wanted: Docker.ContainerInspectInfo,
  rivals: Docker.ContainerInfo[],
): Promise<PortClash | null> {
  const published = wanted.HostConfig.PortBindings as Untyped<Record<string, { HostIp?: string; HostPort?: string }[]>>;
  const bindings = Object.values(published ?? {}).flat();
  for (const { HostIp = '', HostPort } of bindings) {
    const port = Number(HostPort);
    const rival = rivals.find((other) => other.Ports.some(({ PublicPort }) => PublicPort === port));
    if (rival) return { port, holder: nameOf(rival) };
    if (client.isLocal && (await isBound(port, HostIp))) return { port };
  }
  return null;
}

/** Whether something on this machine already listens there. */
const isBound = (port: number, host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE'));
    server.listen({ port, host: host || '0.0.0.0' }, () => server.close(() => resolve(false)));
  });

/** Last resort, for another machine's ports: the engine has no code for it. */
function portInText(error: EverbrokerError): PortClash | null {
  const match = /:(\d+)\b[^:]*(?::[^:]*)?(?:port is already allocated|address already in use)/.exec(error.message);
  return match ? { port: Number(match[1]) } : null;
}
