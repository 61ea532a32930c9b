/** Readings as the tables that people and programs get. Pure. */
import type { NodeResult } from '../contract.js';
import { clientUrl, consoleUrl, groupNames, hostOf, nodeNamed, type Topology } from '../topology/topology.js';
import { roleOf, type NodeReading } from './roles.js';

export const nodeResults = (topology: Topology, readings: readonly NodeReading[]): NodeResult[] =>
  readings.map((reading) => {
    const node = nodeNamed(topology, reading.observation.name);
    return {
      node: node.name,
      group: node.group,
      host: node.host,
      role: roleOf(node, reading),
      address: hostOf(topology, node.host).address,
      openwire: node.openwire,
      console: node.console,
      consoleUrl: consoleUrl(topology, node),
    };
  });

export const clientUrls = (topology: Topology): Record<string, string> =>
  Object.fromEntries(groupNames(topology).map((group) => [group, clientUrl(topology, group)]));
