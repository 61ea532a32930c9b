import { engineOf, placedDockerHosts } from '../draft.js';
import type { Draft, Placed } from '../draft.js';
import { contains, hostPart, overlaps, reservedAs, subnetText, toAddress, toNumber, toSubnet } from '../ipv4.js';
import { MAX_CONTAINER_NAME } from '../limits.js';
import type { DockerHostSpec } from '../schema.js';
import { claimedTwice } from './rule.js';
import type { Rule, RuleFinding } from './rule.js';

type Host = Placed<DockerHostSpec>;

/** Docker's own networks: they take no fixed addresses. */
const PREDEFINED_NETWORKS = ['bridge', 'host', 'none', 'default'];
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'].map(toSubnet);
const UNUSABLE = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'].map(toSubnet);
/** Smaller than /29 there is no room beside gateway and broadcast; wider than /8 nobody has. */
const PREFIXES = { widest: 8, narrowest: 29 };

const rule = (id: string, says: string, check: (host: Host) => RuleFinding[]): Rule => ({
  id,
  severity: 'error',
  says,
  check: (draft) => placedDockerHosts(draft).flatMap(check),
});

const subnetForm = rule(
  'subnet-form',
  'A subnet is written with its own first address, is /8 to /29, and is usable for hosts.',
  ({ at, spec }) => {
    const written = spec.network.subnet;
    const subnet = toSubnet(written);
    const place = [...at, 'network', 'subnet'];
    if (subnet.prefix < PREFIXES.widest || subnet.prefix > PREFIXES.narrowest) {
      return [{ at: place, message: `/${subnet.prefix} is no size for it`, suggestion: 'use /8 to /29, usually /16' }];
    }
    if (toNumber(written.split('/')[0] ?? '') !== subnet.base) {
      return [{ at: place, message: `${written} is an address inside a network`, suggestion: subnetText(subnet) }];
    }
    const isUnusable = UNUSABLE.some((range) => overlaps(range, subnet));
    return isUnusable
      ? [{ at: place, message: `${written} is not usable for hosts`, suggestion: '172.18.0.0/16' }]
      : [];
  },
);

const inside = rule('address-outside', 'An address is inside the subnet of its network.', ({ at, spec }) => {
  if (contains(toSubnet(spec.network.subnet), spec.address)) return [];
  return [{ at: [...at, 'address'], message: `${spec.address} is outside of ${spec.network.subnet}` }];
});

const reserved = rule(
  'address-reserved',
  "An address is not the network's own, its gateway (the first) or its broadcast address.",
  ({ at, spec }) => {
    const subnet = toSubnet(spec.network.subnet);
    if (!contains(subnet, spec.address)) return [];
    const reason = reservedAs(subnet, hostPart(subnet, spec.address));
    if (reason === undefined) return [];
    const suggestion = `use ${toAddress(subnet.base + 2)} to ${toAddress(subnet.base + subnet.size - 2)}`;
    return [{ at: [...at, 'address'], message: `${spec.address} is ${reason}`, suggestion }];
  },
);

const predefined = rule('network-predefined', "A network is not one of Docker's own.", ({ at, spec }) =>
  PREDEFINED_NETWORKS.includes(spec.network.name.toLowerCase())
    ? [{ at: [...at, 'network', 'name'], message: `${spec.network.name} is one of Docker's own networks` }]
    : [],
);

const addressTwice: Rule = {
  id: 'address-twice',
  severity: 'error',
  says: 'An address is given once in a network.',
  check: (draft) =>
    claimedTwice(
      placedDockerHosts(draft).map(({ name, at, spec }) => ({
        key: `${spec.network.name} ${spec.address}`,
        at: [...at, 'address'],
        by: name,
      })),
      ({ key }, first) => `${key.split(' ')[1] ?? ''} is the address of host ${first.by} already`,
    ),
};

const oneDefinition: Rule = {
  id: 'network-differs',
  severity: 'error',
  says: 'A network has the same subnet and policy wherever it is named, and no two names differ only in capitals.',
  check: (draft) =>
    comparedWithFirst(draft, ({ name, at, spec: { network } }, first) => {
      const other = first.spec.network;
      const place = [...at, 'network'];
      if (network.name.toLowerCase() !== other.name.toLowerCase()) return [];
      if (network.name !== other.name) {
        const message = `${network.name} differs from ${other.name} of host ${first.name} only in capitals`;
        return [{ at: [...place, 'name'], message, suggestion: other.name }];
      }
      return (['subnet', 'policy'] as const).flatMap((key) =>
        network[key] === other[key]
          ? []
          : [
              {
                at: [...place, key],
                message: `${network[key]} for host ${name}, but ${other[key]} for host ${first.name}, on the same network ${network.name}`,
                suggestion: other[key],
              },
            ],
      );
    }),
};

const noOverlap: Rule = {
  id: 'subnets-overlap',
  severity: 'error',
  says: 'The subnets of different networks do not overlap.',
  check: (draft) =>
    comparedWithFirst(draft, ({ at, spec: { network } }, { spec: { network: other } }) => {
      if (network.name.toLowerCase() === other.name.toLowerCase()) return [];
      if (!overlaps(toSubnet(network.subnet), toSubnet(other.subnet))) return [];
      const message = `${network.subnet} overlaps ${other.subnet} of network ${other.name}`;
      return [{ at: [...at, 'network', 'subnet'], message }];
    }),
};

/** Compares each host with those before it, and keeps what the first of them that it clashes with gives. */
function comparedWithFirst(draft: Draft, compare: (host: Host, earlier: Host) => RuleFinding[]): RuleFinding[] {
  const hosts = placedDockerHosts(draft);
  return hosts.flatMap((host, index) => {
    for (const earlier of hosts.slice(0, index)) {
      const findings = compare(host, earlier);
      if (findings.length > 0) return findings;
    }
    return [];
  });
}

const containers: Rule = {
  id: 'container-twice',
  severity: 'error',
  says: 'No two hosts on one engine have the same container name.',
  check: (draft) =>
    claimedTwice(
      placedDockerHosts(draft).map(({ name, at, spec }) => ({
        key: `${engineOf(spec)} ${containerOf(draft, name, spec)}`,
        at: spec.container === undefined ? at : [...at, 'container'],
        by: name,
      })),
      ({ key }, first) => `the container name ${key.split(' ').at(-1) ?? ''} is that of host ${first.by} already`,
    ),
};

const containerNames: Rule = {
  id: 'container-name',
  severity: 'error',
  says: `A container name is at most ${MAX_CONTAINER_NAME} characters long and does not begin with \`everbroker-claim-\`.`,
  check: (draft) =>
    placedDockerHosts(draft).flatMap(({ name, at, spec }) => {
      const container = containerOf(draft, name, spec);
      const place = spec.container === undefined ? at : [...at, 'container'];
      if (container.startsWith('everbroker-claim-')) {
        return [{ at: place, message: `${container} begins like the claims on clusters (everbroker-claim-…)` }];
      }
      if (container.length <= MAX_CONTAINER_NAME) return [];
      const message = `the container name ${container} has ${container.length} characters, more than the ${MAX_CONTAINER_NAME} of a DNS name`;
      return [{ at: place, message, suggestion: 'give a shorter `container`' }];
    }),
};

const containerOf = ({ topology }: Draft, name: string, { container }: DockerHostSpec): string =>
  container ?? `${topology.name}-${name}`;

const publicSubnet: Rule = {
  id: 'subnet-public',
  severity: 'warning',
  says: 'A subnet is not from the private ranges: the addresses of the Internet under it become unreachable.',
  check: (draft) =>
    placedDockerHosts(draft).flatMap(({ at, spec: { network } }) => {
      const subnet = toSubnet(network.subnet);
      const isPrivate = PRIVATE.some((range) => overlaps(range, subnet) && subnet.size <= range.size);
      return isPrivate ? [] : [{ at: [...at, 'network', 'subnet'], message: `${network.subnet} is no private subnet` }];
    }),
};

const published: Rule = {
  id: 'published-widely',
  severity: 'warning',
  says: 'Ports are published on an address other than loopback.',
  check: (draft) =>
    placedDockerHosts(draft).flatMap(({ at, spec: { publish } }) => {
      if (publish === false || publish.startsWith('127.')) return [];
      const whom = publish === '0.0.0.0' ? 'every address of the machine' : publish;
      const message = `openwire and the web console are published on ${whom}: other machines can reach them`;
      return [{ at: [...at, 'publish'], message, suggestion: '127.0.0.1 keeps them on this machine' }];
    }),
};

export const networkRules: readonly Rule[] = [
  subnetForm,
  inside,
  reserved,
  predefined,
  addressTwice,
  oneDefinition,
  noOverlap,
  containers,
  containerNames,
  publicSubnet,
  published,
];
