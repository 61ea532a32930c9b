/** Questions about a parsed topology. Pure. */
import { openwireScheme, tlsOf } from '../tls.js';
import type {
  BridgeSpec,
  DatabaseSpec,
  DockerHostSpec,
  EnsembleSpec,
  GroupSpec,
  HostSpec,
  NodeSpec,
  Topology,
} from './schema.js';

export type { BridgeSpec, DatabaseSpec, DockerHostSpec, GroupSpec, HostSpec, NodeSpec, Topology } from './schema.js';

/** A node with the names of what it belongs to. */
export interface Node extends NodeSpec {
  name: string;
  group: string;
}

export const hostNames = (topology: Topology): string[] => Object.keys(topology.hosts);
export const groupNames = (topology: Topology): string[] => Object.keys(topology.groups);

/** The host that keeps the cluster's master copies (secrets); the first in the file. */
export const firstHost = (topology: Topology): string => present(hostNames(topology)[0], 'a host');

export function nodesOfGroup(topology: Topology, group: string): Node[] {
  return Object.entries(groupOf(topology, group).nodes).map(([name, node]) => ({ name, group, ...node }));
}

export const allNodes = (topology: Topology): Node[] =>
  groupNames(topology).flatMap((group) => nodesOfGroup(topology, group));

export const nodesOnHost = (topology: Topology, host: string): Node[] =>
  allNodes(topology).filter((node) => node.host === host);

export const nodeNamed = (topology: Topology, name: string): Node =>
  present(
    allNodes(topology).find((node) => node.name === name),
    `node ${name}`,
  );

export const groupOf = (topology: Topology, group: string): GroupSpec =>
  present(topology.groups[group], `group ${group}`);
export const hostOf = (topology: Topology, host: string): HostSpec => present(topology.hosts[host], `host ${host}`);

/** @throws Error when the host is not a container; callers have checked `kind` or run after the rules refused others. */
export function dockerHostOf(topology: Topology, host: string): DockerHostSpec {
  const spec = hostOf(topology, host);
  if (spec.kind !== 'docker') throw new Error(`host ${host} is ${spec.kind}, not docker`);
  return spec;
}

/** Hosts whose network is made for the cluster. */
export const networkHosts = (topology: Topology): string[] =>
  hostNames(topology).filter((host) => hostOf(topology, host).kind === 'docker');

/** Subnet by network, of the networks that are made for the cluster. */
export const subnetsOf = (topology: Topology): Record<string, string> =>
  Object.fromEntries(
    networkHosts(topology)
      .map((host) => dockerHostOf(topology, host).network)
      .map(({ name, subnet }) => [name, subnet]),
  );

/** Hosts on which the nodes of a group run, each once, in the file's order. */
export const hostsOfGroup = (topology: Topology, group: string): string[] => [
  ...new Set(nodesOfGroup(topology, group).map((node) => node.host)),
];

export const groupsOnHost = (topology: Topology, host: string): string[] =>
  groupNames(topology).filter((group) => hostsOfGroup(topology, group).includes(host));

/** Hosts on which brokers run, in the file's order; a database or a server of an ensemble may have one of its own. */
export const brokerHosts = (topology: Topology): string[] =>
  hostNames(topology).filter((host) => nodesOnHost(topology, host).length > 0);

/** A database with its name. */
export interface Database extends DatabaseSpec {
  name: string;
}

export const databasesOf = (topology: Topology): Database[] =>
  Object.entries(topology.databases ?? {}).map(([name, spec]) => ({ name, ...spec }));

export const databaseNamed = (topology: Topology, name: string): Database =>
  present(
    databasesOf(topology).find((database) => database.name === name),
    `database ${name}`,
  );

/** A server of a ZooKeeper ensemble. */
export interface EnsembleServer extends Pick<EnsembleSpec, 'port'> {
  name: string;
  host: string;
  engine: 'zookeeper';
  ensemble: string;
  /** By which the servers know each other: its place in the topology. */
  id: number;
}

/** Unique in the topology, as a step's id is made of it. */
export const serverName = (ensemble: string, id: number): string => `${ensemble}-${id}`;

export const ensembleNamed = (topology: Topology, name: string): EnsembleSpec =>
  present(topology.ensembles?.[name], `ensemble ${name}`);

export const serversOf = (topology: Topology, ensemble: string): EnsembleServer[] => {
  const { hosts, port } = ensembleNamed(topology, ensemble);
  return hosts.map((host, index) => {
    const id = index + 1;
    return { name: serverName(ensemble, id), host, engine: 'zookeeper', port, ensemble, id };
  });
};

/** What an agent keeps beside nodes. */
export type Service = Database | EnsembleServer;

export const servicesOf = (topology: Topology): Service[] => [
  ...databasesOf(topology),
  ...Object.keys(topology.ensembles ?? {}).flatMap((name) => serversOf(topology, name)),
];

export const serviceNamed = (topology: Topology, name: string): Service =>
  present(
    servicesOf(topology).find((service) => service.name === name),
    `service ${name}`,
  );

export const servicesOnHost = (topology: Topology, host: string): Service[] =>
  servicesOf(topology).filter((service) => service.host === host);

/** Bridges whose networkConnector this group's nodes carry. */
export const bridgesFrom = (topology: Topology, group: string): BridgeSpec[] =>
  topology.bridges.filter((bridge) => bridge.from === group);

/** `failover:(…)` as an application outside the network uses it: published addresses where there are any. */
export function clientUrl(topology: Topology, group: string): string {
  const uris = nodesOfGroup(topology, group).map(
    (node) => `${openwireScheme(topology)}://${clientAddress(topology, node.host)}:${node.openwire}`,
  );
  return `failover:(${uris.join(',')})?randomize=false`;
}

export const consoleUrl = (topology: Topology, node: Node): string =>
  `${tlsOf(topology) === null ? 'http' : 'https'}://${clientAddress(topology, node.host)}:${node.console}/admin`;

function clientAddress(topology: Topology, host: string): string {
  const spec = hostOf(topology, host);
  if (spec.kind !== 'docker' || spec.publish === false) return spec.address;
  return spec.publish === '0.0.0.0' ? '127.0.0.1' : spec.publish;
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the topology has no ${what}`);
  return value;
}
