import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';
import { EverbrokerError } from '../core/failure.js';
import { call, orNull, type CallOptions, type DockerClient } from './docker-client.js';
import { carries, clusterFilter, type Labels } from './labels.js';

export interface NetworkState {
  id: string;
  name: string;
  /** First IPv4 subnet; empty for networks without (host, none). */
  subnet: string;
  labels: Labels;
}

export interface NetworkSpec {
  name: string;
  subnet: string;
  labels: Labels;
}

export interface DockerNetworks {
  network(name: string, options?: CallOptions): Promise<NetworkState | null>;
  listNetworks(cluster: string, options?: CallOptions): Promise<NetworkState[]>;
  /** IPv4 subnets that a new network must stay clear of: Docker's and, for an engine on this machine, the machine's own. */
  subnetsInUse(options?: CallOptions): Promise<string[]>;
  /**
   * Makes the network, or finds it when it is there with the same subnet and labels (an answer may have been lost).
   * @throws EverbrokerError SubnetTaken | NameTaken
   */
  createNetwork(spec: NetworkSpec, options?: CallOptions): Promise<{ id: string; created: boolean }>;
  /** Does nothing where it is already gone. */
  removeNetwork(id: string, options?: CallOptions): Promise<void>;
}

export function dockerNetworks(client: DockerClient): DockerNetworks {
  const { docker } = client;

  async function all(options: CallOptions, filters: Record<string, string[]> = {}): Promise<NetworkState[]> {
    const found = await call(client, { what: 'list networks', ...options }, (abortSignal) =>
      docker.listNetworks({ filters, abortSignal }),
    );
    return found.map((network) => ({
      id: network.Id,
      name: network.Name,
      subnet: firstIpv4(network.IPAM?.Config?.map((config) => config.Subnet ?? '') ?? []),
      labels: network.Labels ?? {},
    }));
  }

  // By list and not by inspect: that also takes the beginning of an id for a name.
  const network = async (name: string, options: CallOptions = {}): Promise<NetworkState | null> =>
    (await all(options)).find((candidate) => candidate.name === name) ?? null;

  async function existing(spec: NetworkSpec, options: CallOptions): Promise<{ id: string; created: false } | null> {
    const found = await network(spec.name, options);
    if (!found) return null;
    if (found.subnet === spec.subnet && carries(found.labels, spec.labels)) return { id: found.id, created: false };
    const message = `there is another network ${spec.name} (${found.subnet || 'no subnet'}) on ${client.address}`;
    throw new EverbrokerError('NameTaken', message, { network: spec.name, subnet: found.subnet, labels: found.labels });
  }

  async function refusal(spec: NetworkSpec, error: unknown, options: CallOptions): Promise<unknown> {
    if (!(error instanceof EverbrokerError) || error.type !== 'CommandFailed') return error;
    const rival = (await all(options)).find(({ subnet }) => overlaps(subnet, spec.subnet));
    // 403 is the engine's "pool overlaps", also with a pool that no network of the list shows.
    if (!rival && error.details['status'] !== 403) return error;
    const holder = rival ? `overlaps ${rival.subnet} of the network ${rival.name}` : 'is in use on this engine';
    const details = { subnet: spec.subnet, takenBy: rival?.name };
    return new EverbrokerError('SubnetTaken', `${spec.subnet} ${holder}`, details, { cause: error });
  }

  return {
    network,
    listNetworks: (cluster, options = {}) => all(options, clusterFilter(cluster)),
    async subnetsInUse(options = {}) {
      const networks = (await all(options)).map(({ subnet }) => subnet);
      const local = client.isLocal ? [...interfaceSubnets(), ...(await routedSubnets())] : [];
      return [...new Set([...networks, ...local].filter((subnet) => subnet !== ''))];
    },
    async createNetwork(spec, options = {}) {
      const found = await existing(spec, options);
      if (found) return found;
      try {
        const made = await call(client, { what: `create network ${spec.name}`, ...options }, (abortSignal) =>
          docker.createNetwork({
            Name: spec.name,
            Driver: 'bridge',
            CheckDuplicate: true,
            IPAM: { Driver: 'default', Config: [{ Subnet: spec.subnet }] },
            Labels: spec.labels,
            abortSignal,
          }),
        );
        return { id: made.id, created: true };
      } catch (error) {
        options.signal?.throwIfAborted();
        const meanwhile = await existing(spec, options);
        if (meanwhile) return meanwhile;
        throw await refusal(spec, error, options);
      }
    },
    async removeNetwork(id, options = {}) {
      await orNull(
        call(client, { what: `remove network ${id}`, ...options }, (abortSignal) =>
          docker.getNetwork(id).remove({ abortSignal }),
        ),
      );
    },
  };
}

const firstIpv4 = (subnets: string[]): string => subnets.find((subnet) => ipaddr.IPv4.isValidCIDR(subnet)) ?? '';

function overlaps(one: string, other: string): boolean {
  if (!ipaddr.IPv4.isValidCIDR(one) || !ipaddr.IPv4.isValidCIDR(other)) return false;
  const [address, bits] = ipaddr.IPv4.parseCIDR(one);
  const [otherAddress, otherBits] = ipaddr.IPv4.parseCIDR(other);
  return address.match(otherAddress, Math.min(bits, otherBits));
}

function interfaceSubnets(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.flatMap(({ family, cidr }) => (family === 'IPv4' && cidr ? [networkOf(cidr)] : []));
}

const networkOf = (cidr: string): string =>
  `${ipaddr.IPv4.networkAddressFromCIDR(cidr).toString()}/${cidr.slice(cidr.indexOf('/') + 1)}`;

/** Routes without an interface address of their own, such as a VPN's. Only Linux has the file; elsewhere there are none. */
async function routedSubnets(): Promise<string[]> {
  const table = await readFile('/proc/net/route', 'utf8').catch(() => '');
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .flatMap(([, destination, , , , , , mask]) => (destination && mask ? [routed(destination, mask)] : []))
    .filter((subnet) => !subnet.endsWith('/0'));
}

/** The kernel prints both as hexadecimal numbers in the machine's (little-endian) order. */
function routed(destination: string, mask: string): string {
  const octets = (hex: string): number[] => [...Buffer.from(hex, 'hex').reverse()];
  return `${octets(destination).join('.')}/${new ipaddr.IPv4(octets(mask)).prefixLengthFromSubnetMask() ?? 32}`;
}
