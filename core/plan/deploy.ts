/** What is left to do until a cluster is as its topology says. Pure: `plan` prints exactly what `deploy` runs. */
import { classDataKey } from '../activemq/class-data.js';
import { engineOf } from '../databases/engines.js';
import { activemqHome } from '../layout.js';
import { hookReason } from '../supervision.js';
import { versionFor } from '../secrets.js';
import {
  brokerHosts,
  dockerHostOf,
  firstHost,
  groupNames,
  hostNames,
  hostOf,
  nodesOnHost,
  servicesOnHost,
  type Topology,
} from '../topology/topology.js';
import { planGroup } from './group.js';
import { planServiceInstalls, planServiceRemovals, planServices } from './services.js';
import { changedFiles, containerReason, isNew, type Known } from './known.js';
import type { FileChange, Plan, Step } from './step.js';
import { isEmpty } from './step.js';

export function planDeploy(known: Known): Plan {
  const { topology } = known;
  const unseen = hostNames(topology).filter((host) => isStopped(known, host) || hidesMasterCopy(known, host));
  const networks = planNetworks(known);
  const hosts = Object.fromEntries(hostNames(topology).map((host) => [host, planHost(known, host)]));
  const waiting: Plan = { networks, hosts, secrets: [], groups: {}, proof: [], afterwards: [], unseen };
  // What they hold is not known; guessing would make `plan` promise steps that deploy then skips.
  if (unseen.length > 0) return waiting;

  const secrets = planSecrets(known);
  const versionOf = (group: string): number => wantedCredentialsVersion(known, group);
  const groups = Object.fromEntries(
    groupNames(topology)
      .map((group) => [group, planGroup(known, group, versionOf(group))] as const)
      .filter(([, stages]) => stages.length > 0),
  );
  const services = planServices(known, versionOf);
  const removals = planServiceRemovals(known);
  const shared = needsSecrets(groups, services) ? planSecrets(known, true) : secrets;
  const plan: Plan = { ...waiting, secrets: shared, services, groups, afterwards: removals };
  if (isEmpty(plan)) return plan;
  return { ...plan, proof: planProof(topology, groups), afterwards: [...removals, ...planClassData(known)] };
}

function planNetworks({ topology, observed }: Known): Step[] {
  const wanted = new Map<string, string>();
  for (const host of hostNames(topology)) {
    if (hostOf(topology, host).kind !== 'docker') continue;
    if (observed[host]?.placement?.network.exists) continue;
    wanted.set(dockerHostOf(topology, host).network.name, host);
  }
  return [...wanted].map(([network, host]) => ({
    id: `createNetwork/${network}`,
    kind: 'createNetwork',
    network,
    host,
    summary: `${network} · create network ${dockerHostOf(topology, host).network.subnet}`,
    reason: 'the network does not exist',
  }));
}

function planHost(known: Known, host: string): Step[] {
  const { topology, desired, observed } = known;
  const wanted = desired.hosts[host];
  if (wanted === undefined) throw new Error(`nothing is known about host ${host}`);
  const steps: Step[] = [];
  const why = containerReason(known, host);
  if (why !== null) {
    steps.push(
      hostStep(
        'createContainer',
        host,
        `${why.verb} container with address ${hostOf(topology, host).address}`,
        why.reason,
      ),
    );
  }
  if (why?.verb === 'start') return steps;

  const inside = why === null ? observed[host]?.inside : undefined;
  if (inside !== undefined) {
    const { machine } = observed[host] ?? {};
    const reasons = [
      machine?.installed === false && 'nothing of Everbroker is on the machine',
      inside.agentHash !== wanted.agentHash && machine?.installed !== false && 'the host agent is of another version',
      !inside.agentRunning && 'the host agent does not run',
      inside.manifestHash !== wanted.manifestHash && 'the manifest is of another topology',
      inside.publicKey === null && 'the host has no key',
      machine !== undefined && hookReason(machine, topology, host),
    ].filter((reason) => reason !== false && reason !== null);
    if (reasons.length > 0) steps.push(hostStep('prepareHost', host, 'install agent and manifest', reasons.join('; ')));
  }
  const services = servicesOnHost(topology, host);
  const installs = planServiceInstalls(known, host);
  const onlyServices = nodesOnHost(topology, host).length === 0 && services.length > 0;
  const needsJava = !onlyServices || services.some((service) => engineOf(service).java);
  if (needsJava) steps.push(...planJava(known, host));
  steps.push(...installs);
  if (onlyServices) return steps;
  const missing = homeReasons(known, host);
  if (missing.reasons.length > 0) {
    const step = hostStep(
      'installActiveMQ',
      host,
      `unpack ActiveMQ ${topology.activemq.version}`,
      missing.reasons.join('; '),
    );
    steps.push({ ...step, files: missing.files });
  }
  return steps;
}

function planJava(known: Known, host: string): Step[] {
  const { topology } = known;
  const inside = isNew(known, host) ? undefined : known.observed[host]?.inside;
  if (inside?.java && inside.java.major >= topology.java.minimum) return [];
  const found = inside?.java
    ? `Java ${inside.java.major} is older than ${topology.java.minimum}`
    : 'no Java on the host';
  return [hostStep('installJava', host, `install Java (${topology.java.source.kind})`, found)];
}

const homeFilesReason = (files: readonly FileChange[]): string => {
  const names = files.map((file) => file.path.split('/').at(-1)).join(', ');
  return files.every(({ change }) => change === 'create') ? `${names} is missing` : `${names} differs`;
};

/**
 * Without its container the first host cannot tell the version of the credentials, which its volume keeps. Where the other
 * hosts have a later one than the first that would be generated, their nodes would be restarted for nothing.
 */
function hidesMasterCopy(known: Known, host: string): boolean {
  if (host !== firstHost(known.topology) || !isNew(known, host) || known.observed[host]?.inside !== undefined)
    return false;
  const versions = Object.values(known.observed).flatMap(
    ({ inside }) => inside?.nodes.map((node) => node.credentialsVersion) ?? [],
  );
  return versions.some((version) => version > 1);
}

const isStopped = (known: Known, host: string): boolean => containerReason(known, host)?.verb === 'start';

function homeReasons(known: Known, host: string): { reasons: string[]; files: FileChange[] } {
  const { topology, desired, observed } = known;
  const inside = isNew(known, host) ? undefined : observed[host]?.inside;
  const name = activemqHome(topology).split('/').at(-1) ?? '';
  const wanted = desired.hosts[host];
  const complete = inside?.homes.includes(name) ?? false;
  const files = changedFiles(wanted?.home ?? {}, complete ? (inside?.files ?? {}) : {});
  const reasons = [
    !complete && `ActiveMQ ${topology.activemq.version} is not on the host`,
    complete && files.length > 0 && homeFilesReason(files),
    inside !== undefined && inside.probeHash !== wanted?.probeHash && 'the probe is of another version',
    inside !== undefined && !inside.runAsUser && `there is no user with uid ${topology.runAs.uid}`,
  ].filter((reason) => reason !== false);
  return { reasons, files };
}

function planSecrets(known: Known, always = false): Step[] {
  const host = firstHost(known.topology);
  const version = masterVersion(known);
  const reason =
    version === 0
      ? 'no credentials were generated yet'
      : known.secretsChanged
        ? 'a user or a referenced password has changed'
        : null;
  if (reason === null && !always) return [];
  const summary = version === 0 ? 'generate credentials' : 'share credentials with the hosts';
  return [
    {
      id: 'shareSecrets',
      kind: 'shareSecrets',
      host,
      summary: `${host} · ${summary}`,
      reason: reason ?? 'a node needs its credentials',
    },
  ];
}

const masterVersion = (known: Known): number => known.observed[firstHost(known.topology)]?.inside?.secretsVersion ?? 0;

/** As shareSecrets will count. */
function wantedCredentialsVersion(known: Known, group: string): number {
  const version = masterVersion(known);
  const { secretsChanged, changedGroups = groupNames(known.topology) } = known;
  if (version === 0 || (secretsChanged && changedGroups.includes(group))) return version + 1;
  const groups = known.observed[firstHost(known.topology)]?.inside?.groupVersions;
  return versionFor({ version, groups }, group);
}

const needsSecrets = (groups: Record<string, Step[][]>, services: Record<string, Step[]>): boolean =>
  [...Object.values(groups).flat(2), ...Object.values(services).flat()].some(
    ({ kind }) => kind === 'configureNode' || kind === 'startService',
  );

function planProof(topology: Topology, groups: Record<string, Step[][]>): Step[] {
  const names = topology.bridges.map((bridge) => `${bridge.from} ⇄ ${bridge.to}`);
  const host = brokerHosts(topology)[0] ?? '';
  const what = names.length > 0 ? `messages over ${names.join(', ')}` : 'messages through every group';
  const changed = Object.keys(groups);
  return [
    {
      id: 'proveMessages',
      kind: 'proveMessages',
      host,
      summary: `prove with ${what}`,
      reason: changed.length > 0 ? `${changed.join(', ')} changed` : 'hosts changed',
    },
  ];
}

/**
 * The archive is made after the proof: it speeds up the next start of every node, and must not delay the first. The
 * first host makes it; the others, one after the other, find it in the cache of a worker that they share.
 */
const planClassData = (known: Known): Step[] =>
  brokerHosts(known.topology)
    .filter((host) => !hasClassData(known, host))
    .map((host) =>
      hostStep('makeClassData', host, 'make class-data archive', 'no archive fits this version of ActiveMQ and Java'),
    );

function hasClassData(known: Known, host: string): boolean {
  const inside = isNew(known, host) ? undefined : known.observed[host]?.inside;
  if (!inside?.java) return false;
  const { java, architecture, classDataArchives } = inside;
  const key = classDataKey({ javaVersion: java.version, architecture, ...known.desired.distribution });
  return classDataArchives.includes(key);
}

function hostStep(kind: Step['kind'], host: string, what: string, reason: string): Step {
  return { id: `${kind}/${host}`, kind, host, summary: `${host} · ${what}`, reason };
}
