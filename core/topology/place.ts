/** Preferred subnets: which one is taken instead, and what the topology looks like there. */
import { EverbrokerError } from '../failure.js';
import { hostPart, overlaps, reservedAs, subnetText, toAddress, toSubnet } from './ipv4.js';
import type { Subnet } from './ipv4.js';
import type { HostSpec, Topology } from './schema.js';

/**
 * The topology with its Docker networks on other subnets; hosts keep their last parts.
 * @param subnets Subnet by network name; networks that are not named stay where they are.
 */
export function placeTopology(topology: Topology, subnets: Record<string, string>): Topology {
  const hosts = Object.entries(topology.hosts).map(([name, host]): [string, HostSpec] => [name, moved(host, subnets)]);
  return { ...topology, hosts: Object.fromEntries(hosts) };
}

function moved(host: HostSpec, subnets: Record<string, string>): HostSpec {
  if (host.kind !== 'docker' || !Object.hasOwn(subnets, host.network.name)) return host;
  const subnet = subnets[host.network.name] ?? host.network.subnet;
  const part = hostPart(toSubnet(host.network.subnet), host.address);
  return {
    ...host,
    address: toAddress(toSubnet(subnet).base + part),
    network: { ...host.network, subnet },
  };
}

/** Addresses of the hosts on a Docker network: what a subnet that is chosen instead must hold. */
export const addressesOn = (topology: Topology, network: string): string[] =>
  Object.values(topology.hosts).flatMap((host) =>
    host.kind === 'docker' && host.network.name === network ? [host.address] : [],
  );

/**
 * The preferred subnet when it is free, else the first free one of the private ranges: 172.19–172.31, then 10.255 down to
 * 10.0 (low numbers are other people's first choice), then 192.168.x. The same input always gives the same answer.
 * @param taken Subnets in use, in CIDR form; what is not IPv4 is passed over.
 * @param addresses Hosts on the preferred subnet; a smaller subnet is chosen only when their last parts fit into it.
 * @throws EverbrokerError SubnetTaken when none is left.
 */
export function chooseSubnet(preferred: string, taken: readonly string[], addresses: readonly string[] = []): string {
  const wanted = toSubnet(preferred);
  const used = taken.filter((cidr) => IPV4_CIDR.test(cidr)).map(toSubnet);
  const isFree = (subnet: Subnet) => !used.some((other) => overlaps(other, subnet));
  if (isFree(wanted)) return subnetText(wanted);

  const parts = addresses.map((address) => hostPart(wanted, address));
  const fits = (subnet: Subnet) =>
    subnet.prefix === wanted.prefix ||
    (parts.length > 0 && parts.every((part) => part < subnet.size && reservedAs(subnet, part) === undefined));
  const found = candidates(wanted.prefix).find((subnet) => fits(subnet) && isFree(subnet));
  if (found === undefined) {
    throw new EverbrokerError('SubnetTaken', `no private subnet is free instead of ${preferred}`, { preferred, taken });
  }
  return subnetText(found);
}

const IPV4_CIDR = /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/;
const countTo = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, step) => from + step);

/** A network larger than a /16 has no place in the ranges below but by giving up its size. */
function candidates(prefix: number): Subnet[] {
  const in16 = Math.max(prefix, 16);
  const in24 = Math.max(prefix, 24);
  return [
    ...countTo(19, 31).map((part) => toSubnet(`172.${part}.0.0/${in16}`)),
    ...countTo(0, 255).map((part) => toSubnet(`10.${255 - part}.0.0/${in16}`)),
    ...countTo(0, 255).map((part) => toSubnet(`192.168.${part}.0/${in24}`)),
  ];
}
