/**
 * What deploy would still do is what differs from the topology: drift is read off the plan, so the two cannot disagree.
 * A host that nobody could look into has not drifted: what is there is not known, and that is said.
 */
import type { Check } from '../contract.js';
import { planDeploy } from '../plan/deploy.js';
import { containerReason, type Known } from '../plan/known.js';
import { stepsOf, type Step } from '../plan/step.js';
import { firstHost, hostNames, type Topology } from '../topology/topology.js';
import { failed, passed } from './fault.js';
import { serviceChecks } from './services.js';

/** A node that is down has a check of its own; here only what is wrong with hosts and configuration counts. */
const DRIFT: readonly Step['kind'][] = [
  'createNetwork',
  'createContainer',
  'prepareHost',
  'installJava',
  'installActiveMQ',
  'installService',
  'shareSecrets',
  'configureNode',
  'stopNode',
  'removeNode',
];

export const driftCheckName = (host: string): string => `${host} is as the topology says`;

/** @param unseen Why, by host, where the look itself failed. */
export function driftChecks(known: Known, unseen: Record<string, string>): Check[] {
  const hosts = hostNames(known.topology);
  const looked = hosts.filter((host) => known.observed[host]?.inside !== undefined);
  const steps = looked.length === 0 ? [] : driftSteps(onlyHosts(known, looked));
  const checks = hosts.map((host) => {
    const name = driftCheckName(host);
    if (unseen[host] !== undefined) return failed(name, 'HostUnseen', `could not look into ${host}: ${unseen[host]}`);
    const { inside } = known.observed[host] ?? {};
    if (inside === undefined) return failed(name, 'HostDown', downText(known, host));
    if (known.observed[host]?.machine?.installed === false)
      return failed(name, 'HostDown', `nothing of Everbroker is on ${host}`);
    if (!inside.agentRunning)
      return failed(name, 'AgentDown', `the agent of ${host} does not run: a broker that dies is not started again`);
    const own = steps.filter((step) => step.host === host);
    if (own.length === 0) return passed(name, 'files, agent, Java and ActiveMQ are as wanted');
    const detail = [...new Set(own.map((step) => `${step.node ?? host}: ${step.reason}`))].join('; ');
    return failed(name, 'StaleConfiguration', detail);
  });
  return [...checks, ...serviceChecks(known, unseen)];
}

function downText(known: Known, host: string): string {
  const reason = containerReason(known, host)?.reason ?? 'it was not seen';
  return `host ${host} is down: ${reason}; what it holds could not be compared`;
}

function driftSteps(known: Known): Step[] {
  const secretsWanted = known.secretsChanged || secretsVersion(known) === 0;
  return stepsOf(planDeploy(known)).filter(({ kind, host }) => {
    if (host === undefined || !DRIFT.includes(kind)) return false;
    // Credentials are also shared because a node is written anew, which is told of that node.
    if (kind === 'shareSecrets') return secretsWanted;
    // Of a container that must be made anew this is the news; that it will be empty is not.
    return kind === 'createContainer' || containerReason(known, host) === null;
  });
}

const secretsVersion = ({ topology, observed }: Known): number =>
  observed[firstHost(topology)]?.inside?.secretsVersion ?? 0;

/**
 * The plan of a part: planning waits with everything until all hosts can be seen, but what can be seen is to be
 * compared now. Without its first host the version of the secrets is the newest that a node has.
 */
function onlyHosts(known: Known, hosts: readonly string[]): Known {
  const { topology, observed } = known;
  if (hosts.length === hostNames(topology).length) return known;
  const part = pick(topology, hosts);
  const first = firstHost(part);
  const seen = observed[first];
  if (first === firstHost(topology) || seen?.inside === undefined) return { ...known, topology: part };
  const newest = (nodes: readonly string[]): number =>
    Math.max(
      0,
      ...hosts
        .flatMap((host) => observed[host]?.inside?.nodes ?? [])
        .filter(({ name }) => nodes.includes(name))
        .map(({ credentialsVersion }) => credentialsVersion),
    );
  const own = Object.entries(part.groups)
    .map(([group, { nodes }]) => [group, newest(Object.keys(nodes))] as const)
    .filter(([, version]) => version > 0);
  const secretsVersion = Math.max(0, ...own.map(([, version]) => version));
  const inside = { ...seen.inside, secretsVersion, groupVersions: Object.fromEntries(own) };
  return { ...known, topology: part, observed: { ...observed, [first]: { ...seen, inside } } };
}

const pick = (topology: Topology, hosts: readonly string[]): Topology => ({
  ...topology,
  hosts: Object.fromEntries(Object.entries(topology.hosts).filter(([name]) => hosts.includes(name))),
  groups: Object.fromEntries(
    Object.entries(topology.groups).map(([name, group]) => [
      name,
      {
        ...group,
        nodes: Object.fromEntries(Object.entries(group.nodes).filter(([, node]) => hosts.includes(node.host))),
      },
    ]),
  ),
});
