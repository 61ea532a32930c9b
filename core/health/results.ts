/** Readings as the tables that people and programs get. Pure. */
import type { NodeResult } from '../contract.js';
import { allNodes, clientUrl, consoleUrl, groupNames, hostOf, type Topology } from '../topology/topology.js';
import { roleOf, type NodeReading } from './roles.js';

/** Every node of the topology; one that nobody could look at is `unknown`. */
export const nodeResults = (topology: Topology, readings: readonly NodeReading[]): NodeResult[] =>
  allNodes(topology).map((node) => {
    const reading = readings.find(({ observation }) => observation.name === node.name);
    return {
      node: node.name,
      group: node.group,
      host: node.host,
      role: reading === undefined ? 'unknown' : roleOf(node, reading),
      address: hostOf(topology, node.host).address,
      openwire: node.openwire,
      console: node.console,
      consoleUrl: consoleUrl(topology, node),
    };
  });

export const clientUrls = (topology: Topology): Record<string, string> =>
  Object.fromEntries(groupNames(topology).map((group) => [group, clientUrl(topology, group)]));
