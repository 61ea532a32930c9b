/** What is wanted on each host, reduced to what an observation can be compared with: hashes and versions. Pure. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Distribution } from '../activemq/distribution.js';
import { renderHome, renderNode, type RenderedFile } from '../activemq/render.js';
import { containerName } from '../naming.js';
import { manifestText } from './manifest.js';
import { hashTopology } from '../topology/hash.js';
import {
  allNodes,
  dockerHostOf,
  groupsOnHost,
  hostNames,
  hostOf,
  nodesOnHost,
  type Topology,
} from '../topology/topology.js';

export interface Desired {
  topologyHash: string;
  /** What a class-data archive depends on beside the JVM. */
  distribution: Pick<Distribution, 'jars' | 'sha512'>;
  hosts: Record<string, DesiredHost>;
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

export interface DesiredNode {
  /** sha256 by path of every rendered file. */
  files: Record<string, string>;
}

/** The parts of Everbroker itself that are put on hosts. */
export interface AssetHashes {
  agent: string;
  probe: string;
}

export const hashText = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)));

export function desiredState(topology: Topology, distribution: Distribution, assets: AssetHashes): Desired {
  const home = hashFiles(renderHome(topology, distribution));
  const manifestHash = hashText(manifestText(topology));
  const hosts = hostNames(topology).map((host): [string, DesiredHost] => [
    host,
    { agentHash: assets.agent, probeHash: assets.probe, manifestHash, specHash: specHash(topology, host), home },
  ]);
  const nodes = allNodes(topology).map((node): [string, DesiredNode] => [
    node.name,
    { files: hashFiles(renderNode(topology, node, distribution)) },
  ]);
  return {
    topologyHash: hashTopology(topology),
    distribution: { jars: distribution.jars, sha512: distribution.sha512 },
    hosts: Object.fromEntries(hosts),
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
  const stores = groupsOnHost(topology, host).map((group) => [group, topology.groups[group]?.store]);
  const ports = nodesOnHost(topology, host).flatMap((node) => [node.openwire, node.console]);
  const made = [
    spec.image ?? '',
    spec.address,
    spec.network,
    spec.publish,
    containerName(topology, host),
    topology.root,
  ];
  return hashText(JSON.stringify([made, ports.sort(), stores.map(([group, store]) => [group, directoryOf(store)])]));
}

const directoryOf = (store: unknown): unknown =>
  typeof store === 'object' && store !== null && 'directory' in store ? store.directory : null;

const hashFiles = (files: readonly RenderedFile[]): Record<string, string> =>
  Object.fromEntries(files.map((file) => [file.path, hashText(file.content)]));
