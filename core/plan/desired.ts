/** What is wanted on each host, reduced to what an observation can be compared with: hashes and versions. Pure. */
import type { Distribution } from '../activemq/distribution.js';
import { renderHome, renderNode, type RenderedFile } from '../activemq/render.js';
import { hashText } from '../hash-text.js';
import { accessFile, placeService, renderService } from '../databases/index.js';
import { driverFile } from '../layout.js';
import { containerName } from '../naming.js';
import { driversOnHost, replicaMounts, storeOf } from '../stores/index.js';
import { manifestText } from './manifest.js';
import { hashTopology } from '../topology/hash.js';
import {
  allNodes,
  dockerHostOf,
  groupsOnHost,
  hostNames,
  hostOf,
  nodesOnHost,
  servicesOf,
  servicesOnHost,
  type Service,
  type Topology,
} from '../topology/topology.js';

export interface Desired {
  topologyHash: string;
  /** What a class-data archive depends on beside the JVM. */
  distribution: Pick<Distribution, 'jars' | 'sha512'>;
  hosts: Record<string, DesiredHost>;
  services: Record<string, DesiredService>;
  nodes: Record<string, DesiredNode>;
}

export interface DesiredHost {
  agentHash: string;
  probeHash: string;
  manifestHash: string;
  /** Hash of what a container is made from; null for hosts that are not containers. */
  specHash: string | null;
  home: Record<string, string>;
}

export interface DesiredService {
  files: Record<string, string>;
  /** Hash of who may come in; with the version of the credentials it tells whether the accounts are as wanted. Null without accounts. */
  access: string | null;
}

export interface DesiredNode {
  /** sha256 by path of every rendered file. */
  files: Record<string, string>;
}

/** The parts of Everbroker itself that are put on hosts. */
export interface AssetHashes {
  agent: string;
  probe: string;
}

export function desiredState(topology: Topology, distribution: Distribution, assets: AssetHashes): Desired {
  const home = hashFiles(renderHome(topology, distribution));
  const manifestHash = hashText(manifestText(topology));
  const hosts = hostNames(topology).map((host): [string, DesiredHost] => [
    host,
    {
      agentHash: assets.agent,
      probeHash: assets.probe,
      manifestHash,
      specHash: specHash(topology, host),
      home: { ...home, ...drivers(topology, host) },
    },
  ]);
  const nodes = allNodes(topology).map((node): [string, DesiredNode] => [
    node.name,
    { files: hashFiles(renderNode(topology, node, distribution)) },
  ]);
  return {
    topologyHash: hashTopology(topology),
    distribution: { jars: distribution.jars, sha512: distribution.sha512 },
    hosts: Object.fromEntries(hosts),
    services: Object.fromEntries(
      servicesOf(topology).map((service) => [service.name, desiredService(topology, service)]),
    ),
    nodes: Object.fromEntries(nodes),
  };
}

/**
 * What cannot be changed in a running container: another hash means a new container. The stores and the state are
 * volumes, so a replaced container loses nothing.
 */
export function specHash(topology: Topology, host: string): string | null {
  if (hostOf(topology, host).kind !== 'docker') return null;
  const spec = dockerHostOf(topology, host);
  const stores = groupsOnHost(topology, host).map((group) => [group, storeOf(topology, group).directory]);
  const services = servicesOnHost(topology, host).map(({ name }) => name);
  const replicas = replicaMounts(topology, host).map(({ node }) => node);
  const ports = nodesOnHost(topology, host).flatMap((node) => [node.openwire, node.console]);
  const made = [
    spec.image ?? '',
    spec.address,
    spec.network,
    spec.publish,
    containerName(topology, host),
    topology.root,
  ];
  // Hosts without any keep the hash that they had before there were any.
  const more = [services, replicas].filter((names) => names.length > 0);
  return hashText(JSON.stringify([made, ports.sort(), stores, ...more]));
}

function desiredService(topology: Topology, service: Service): DesiredService {
  const access = accessFile(placeService(topology, service));
  return {
    files: hashFiles(renderService(topology, service)),
    access: access === null ? null : hashText(access.content),
  };
}

const drivers = (topology: Topology, host: string): Record<string, string> =>
  Object.fromEntries(driversOnHost(topology, host).map(({ file, sha256 }) => [driverFile(topology, file), sha256]));

const hashFiles = (files: readonly RenderedFile[]): Record<string, string> =>
  Object.fromEntries(files.map((file) => [file.path, hashText(file.content)]));
