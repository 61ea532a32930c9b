/**
 * The verdict on a cluster. Only what was looked at and found well lets it pass: a check that should be there and is
 * not counts as failed, so that a verifier that looks at nothing fails.
 */
import type { Check } from '../contract.js';
import { storeCheckNames } from './store-reading.js';
import { serviceCheckName } from './services.js';
import { allNodes, groupNames, hostNames, servicesOf, type Topology } from '../topology/topology.js';
import { bridgeCheckNames } from './bridges.js';
import { driftCheckName } from './drift.js';
import { failed } from './fault.js';
import { nodeCheckName } from './node-signals.js';
import { messageCheckNames } from './proof.js';
import { mastersCheckName } from './roles.js';

/** Names of the checks on roles and bridges. */
export const roleCheckNames = (topology: Topology): string[] => [
  ...groupNames(topology).map(mastersCheckName),
  ...storeCheckNames(topology),
  ...allNodes(topology).map(nodeCheckName),
  ...bridgeCheckNames(topology),
];

/** Names of all checks of a verification. */
export const verifyCheckNames = (topology: Topology, { messages }: { messages: boolean }): string[] => [
  ...roleCheckNames(topology),
  ...hostNames(topology).map(driftCheckName),
  ...servicesOf(topology).map(serviceCheckName),
  ...(messages ? messageCheckNames(topology) : []),
];

/** The checks with those that are missing, as failed ones. */
export function complete(checks: readonly Check[], names: readonly string[]): Check[] {
  const missing = names.filter((name) => !checks.some((check) => check.name === name));
  return [...checks, ...missing.map((name) => failed(name, 'NotChecked', 'nobody looked'))];
}
