/** Arithmetic of IPv4 addresses and networks, as numbers of 32 bits. Callers have checked the text's form. */
export interface Subnet {
  /** First address: the network's own. */
  base: number;
  prefix: number;
  size: number;
}

export const toNumber = (address: string): number =>
  address.split('.').reduce((value, part) => value * 256 + Number(part), 0);

export const toAddress = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');

/** `172.18.5.0/16` is read as the network that holds it; `base` then differs from what was written. */
export function toSubnet(cidr: string): Subnet {
  const [address = '', prefixText = ''] = cidr.split('/');
  const prefix = Number(prefixText);
  const size = 2 ** (32 - prefix);
  return { base: Math.floor(toNumber(address) / size) * size, prefix, size };
}

export const subnetText = ({ base, prefix }: Subnet): string => `${toAddress(base)}/${prefix}`;

export const contains = (subnet: Subnet, address: string): boolean => {
  const value = toNumber(address);
  return value >= subnet.base && value < subnet.base + subnet.size;
};

export const overlaps = (a: Subnet, b: Subnet): boolean => a.base < b.base + b.size && b.base < a.base + a.size;

/** Last part of an address: its distance from the network's own address. */
export const hostPart = (subnet: Subnet, address: string): number => toNumber(address) - subnet.base;

/** Why a host cannot have this part: the network's address, Docker's gateway (the first address) or the broadcast address. */
export function reservedAs(subnet: Subnet, part: number): string | undefined {
  if (part === 0) return "the network's own address";
  if (part === 1) return "the gateway's address (Docker takes the first)";
  return part === subnet.size - 1 ? 'the broadcast address' : undefined;
}
