/**
 * Hosts that exist only as observations: each step changes them as the real one changes a real host. The same effects
 * that the activities promise, written down once, so that plans can be tested against thousands of topologies.
 */
import { classDataKey } from '../../core/activemq/class-data.js';
import { hashText } from '../../core/hash-text.js';
import {
  unknownNode,
  type HostInside,
  type HostObservation,
  type MachineObservation,
  type NodeObservation,
  type ServiceObservation,
} from '../../core/health/observation.js';
import { activemqHome } from '../../core/layout.js';
import type { Desired } from '../../core/plan/desired.js';
import { accountsVersion, grantedFor } from '../../core/plan/services.js';
import { versionFor } from '../../core/secrets.js';
import { storeOf } from '../../core/stores/index.js';
import { stepsOf, type Plan, type Step } from '../../core/plan/step.js';
import { bootHook } from '../../core/supervision.js';
import {
  allNodes,
  dockerHostOf,
  firstHost,
  hostNames,
  hostOf,
  nodeNamed,
  nodesOfGroup,
  serviceNamed,
  servicesOf,
  type Topology,
} from '../../core/topology/topology.js';

export type Hosts = Record<string, HostObservation>;

const DISTRIBUTION = { jars: ['lib/a.jar'], sha512: 'distribution' };

/** What is wanted, with hashes that only need to be comparable. */
export function aDesired(topology: Topology, version = 'v1'): Desired {
  return {
    topologyHash: `topology-${version}`,
    distribution: DISTRIBUTION,
    hosts: Object.fromEntries(
      hostNames(topology).map((host) => [
        host,
        {
          agentHash: 'agent',
          probeHash: 'probe',
          manifestHash: `manifest-${version}`,
          specHash: `spec-${host}`,
          home: { [`${activemqHome(topology)}/policy.xml`]: version },
        },
      ]),
    ),
    services: Object.fromEntries(
      servicesOf(topology).map(({ name }) => [
        name,
        { files: { [`${topology.root}/.databases/${name}/conf/server`]: version }, access: `access-${version}` },
      ]),
    ),
    nodes: Object.fromEntries(
      allNodes(topology).map((node) => [
        node.name,
        {
          files: {
            [`${topology.root}/${node.name}/conf/activemq.xml`]: version,
            [`${topology.root}/${node.name}/conf/java.args`]: 'v1',
          },
        },
      ]),
    ),
  };
}

export const noHosts = (topology: Topology): Hosts =>
  Object.fromEntries(
    hostNames(topology).map((host): [string, HostObservation] => [
      host,
      hostOf(topology, host).kind === 'docker'
        ? {
            host,
            clock: 0,
            placement: {
              engineId: 'engine',
              network: { exists: false, ours: false },
              container: { exists: false, running: false, ours: false },
            },
          }
        : aBareMachine(topology, host),
    ]),
  );

/** A machine that nobody prepared: it can be looked into all the same. `kept`: what an earlier cluster of the name left. */
export function aBareMachine(topology: Topology, host: string, kept = { secretsVersion: 0 }): HostObservation {
  const inside = { ...newHost(topology, { host, ...kept }), agentRunning: false, publicKey: null };
  return { host, clock: 0, machine: aMachine({ id: `machine-${host}` }), inside };
}

/** A machine on which everything fits. */
export const aMachine = (changes: Partial<MachineObservation> = {}): MachineObservation => ({
  id: 'machine',
  cluster: null,
  installed: false,
  firstProcess: 'systemd',
  boot: 'systemd',
  hooks: {},
  packages: 'apt-get',
  lacks: [],
  ports: [],
  disks: [],
  readOnly: [],
  memoryKb: 1e9,
  files: 1e6,
  userOfUid: null,
  uidOfUser: null,
  userOfServiceUid: null,
  uidOfServiceUser: null,
  foreign: [],
  stores: [],
  asked: { from: 0, to: 0 },
  ...changes,
});

export function carryOut(topology: Topology, { plan, desired }: { plan: Plan; desired: Desired }, hosts: Hosts): Hosts {
  return stepsOf(plan).reduce((state, step) => applyStep(topology, { step, desired }, state), hosts);
}

export function applyStep(
  topology: Topology,
  { step, desired }: { step: Step; desired: Desired },
  hosts: Hosts,
): Hosts {
  const after = structuredClone(hosts);
  const seen = after[step.host ?? ''];
  switch (step.kind) {
    case 'createNetwork':
      for (const host of hostNames(topology)) {
        const placement = after[host]?.placement;
        if (placement && dockerHostOf(topology, host).network.name === step.network)
          placement.network = { exists: true, ours: true };
      }
      break;
    case 'createContainer': {
      const wanted = desired.hosts[step.host ?? ''];
      if (!seen?.placement || !wanted) throw new Error('no such host');
      const { container } = seen.placement;
      const restarted = container.exists && container.specHash === wanted.specHash;
      seen.placement.container = { exists: true, running: true, ours: true, specHash: wanted.specHash ?? '' };
      if (!restarted || seen.inside === undefined) {
        // The state volume outlives the container, so the secrets' version does too.
        seen.inside = newHost(topology, { host: step.host ?? '', secretsVersion: seen.inside?.secretsVersion ?? 0 });
      }
      Object.assign(seen.inside, {
        agentHash: wanted.agentHash,
        manifestHash: wanted.manifestHash,
        agentRunning: true,
      });
      break;
    }
    case 'prepareHost':
      Object.assign(insideOf(seen), {
        agentHash: 'agent',
        manifestHash: desired.hosts[step.host ?? '']?.manifestHash,
        publicKey: 'key',
        agentRunning: true,
      });
      if (seen?.machine !== undefined) {
        const hook = bootHook(seen.machine.boot, topology, seen.host);
        const hooks = hook === null ? {} : { [hook.path]: hashText(hook.content) };
        Object.assign(seen.machine, { installed: true, cluster: topology.name, hooks });
      }
      break;
    case 'installJava':
      insideOf(seen).java = { path: '/java', major: topology.java.minimum, version: 'java' };
      break;
    case 'installActiveMQ': {
      const inside = insideOf(seen);
      inside.homes = [activemqHome(topology).split('/').at(-1) ?? ''];
      Object.assign(inside.files, desired.hosts[step.host ?? '']?.home);
      Object.assign(inside, { probeHash: 'probe', runAsUser: true });
      break;
    }
    case 'installService': {
      const inside = insideOf(seen);
      Object.assign(inside.files, desired.services[step.service ?? '']?.files);
      const service = serviceIn(inside, step.service ?? '');
      service.installed = true;
      service.currentFingerprint = JSON.stringify(desired.services[service.name]?.files);
      break;
    }
    case 'startService': {
      const service = serviceIn(insideOf(seen), step.service ?? '');
      if (!service.installed) throw new Error(`${step.id} before it is installed`);
      const access = desired.services[service.name]?.access ?? '';
      Object.assign(service, {
        desired: 'up',
        process: { alive: true, pid: 1, state: 'S' },
        launchedWith: service.currentFingerprint,
        granted: grantedFor(
          access,
          accountsVersion(topology, serviceNamed(topology, service.name), (group) => versionIn(topology, after, group)),
        ),
      });
      break;
    }
    case 'checkStore': {
      const { database } = storeOf(topology, step.group ?? '');
      const at = servicesOf(topology).find(({ name }) => name === database);
      if (at !== undefined && !serviceIn(insideOf(after[at.host]), at.name).process.alive)
        throw new Error(`${step.id} before ${at.name} runs`);
      break;
    }
    case 'proveLock':
      for (const node of nodesOfGroup(topology, step.group ?? ''))
        if (!(`${topology.root}/${node.name}/conf/activemq.xml` in insideOf(after[node.host]).files))
          throw new Error(`${step.id} before ${node.name} is configured`);
      break;
    case 'shareSecrets':
      insideOf(after[firstHost(topology)]).secretsVersion += step.reason === 'a node needs its credentials' ? 0 : 1;
      break;
    case 'configureNode': {
      const inside = insideOf(seen);
      if (!inside.homes.length || !inside.java) throw new Error(`${step.id} before Java and ActiveMQ are there`);
      Object.assign(inside.files, desired.nodes[step.node ?? '']?.files);
      const node = nodeIn(inside, step.node ?? '');
      node.storeWritable = true;
      if (!node.process.alive && node.starts > 0) node.store = storeFor(topology, node.name);
      node.credentialsVersion = versionIn(topology, after, nodeNamed(topology, node.name).group);
      node.currentFingerprint = JSON.stringify(desired.nodes[node.name]?.files) + node.credentialsVersion;
      break;
    }
    case 'startNode':
      start(topology, after, step.node ?? '');
      break;
    case 'stopNode':
      stop(nodeIn(insideOf(seen), step.node ?? ''));
      break;
    case 'removeNode':
      insideOf(seen).nodes = insideOf(seen).nodes.filter((node) => node.name !== step.node);
      insideOf(seen).services = (insideOf(seen).services ?? []).filter(({ name }) => name !== step.node);
      break;
    case 'makeClassData':
      insideOf(seen).classDataArchives = [archiveKey(insideOf(seen))];
      break;
    case 'verifyRoles':
      if (mastersOf(topology, after, step.group ?? '').length !== 1)
        throw new Error(`${step.group} has not exactly one master`);
      break;
    case 'proveMessages':
      break;
    default:
      throw new Error(`a deployment has no step ${step.kind}`);
  }
  return after;
}

const archiveKey = ({ java, architecture }: HostInside): string =>
  classDataKey({ javaVersion: java?.version ?? '', architecture, ...DISTRIBUTION });

/** Nodes of a group that serve: what an engine would show of their ports. */
export const mastersOf = (topology: Topology, hosts: Hosts, group: string): string[] =>
  nodesOfGroup(topology, group)
    .filter((node) =>
      hosts[node.host]?.inside?.nodes.some((seen) => seen.name === node.name && seen.listening.length > 0),
    )
    .map((node) => node.name);

export function stop(node: NodeObservation): void {
  Object.assign(node, {
    process: { alive: false },
    listening: [],
    desired: 'down',
    lock: 'free',
    log: { role: 'none' },
  });
}

/** The lock decides: who starts while somebody serves becomes a slave. A node without its files cannot start. */
function start(topology: Topology, hosts: Hosts, name: string): void {
  const node = nodeNamed(topology, name);
  const inside = insideOf(hosts[node.host]);
  const seen = nodeIn(inside, name);
  if (!(`${topology.root}/${name}/conf/activemq.xml` in inside.files))
    throw new Error(`${name} is started before it is configured`);
  const isMaster = mastersOf(topology, hosts, node.group).length === 0;
  Object.assign(seen, {
    desired: 'up',
    store: storeFor(topology, name),
    process: { alive: true, pid: 1, state: 'S' },
    listening: isMaster ? [node.openwire, node.console] : [],
    log: { role: isMaster ? 'master' : 'slave' },
    lock: isMaster ? 'held' : 'held-by-other',
    launchedWith: seen.currentFingerprint,
    starts: seen.starts + 1,
  });
}

function versionIn(topology: Topology, hosts: Hosts, group: string): number {
  const { secretsVersion: version, groupVersions: groups } = insideOf(hosts[firstHost(topology)]);
  return versionFor({ version, groups }, group);
}

function storeFor(topology: Topology, name: string): { group: string; identity: string } {
  const { group } = nodeNamed(topology, name);
  return { group, identity: storeOf(topology, group).identity ?? '' };
}

function newHost(topology: Topology, { host, secretsVersion }: { host: string; secretsVersion: number }): HostInside {
  const nodes = allNodes(topology).filter((node) => node.host === host);
  return {
    agentHash: null,
    agentRunning: true,
    owner: null,
    architecture: 'x86_64',
    publicKey: 'key',
    java: null,
    homes: [],
    classDataArchives: [],
    probeHash: null,
    manifestHash: null,
    secretsVersion,
    runAsUser: false,
    files: {},
    nodes: nodes.map(({ name }) => newNode(name)),
  };
}

const newNode = (name: string): NodeObservation => ({ ...unknownNode(name), desired: 'down', lock: 'free' });

function insideOf(seen: HostObservation | undefined): HostInside {
  if (seen?.inside === undefined) throw new Error('a step on a host that has no container');
  return seen.inside;
}

function nodeIn(inside: HostInside, name: string): NodeObservation {
  const known = inside.nodes.find((node) => node.name === name);
  if (known !== undefined) return known;
  const made = newNode(name);
  inside.nodes.push(made);
  return made;
}

function serviceIn(inside: HostInside, name: string): ServiceObservation {
  inside.services ??= [];
  const known = inside.services.find((service) => service.name === name);
  if (known !== undefined) return known;
  const made: ServiceObservation = {
    name,
    desired: 'down',
    process: { alive: false },
    listening: [],
    installed: false,
    granted: '',
    starts: 0,
  };
  inside.services.push(made);
  return made;
}
