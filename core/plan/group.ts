/** The stages of one group: configure what is down, start its master, then its slaves; restart what runs, master last. */
import { groupsOnHost, hostsOfGroup, nodesOfGroup, type Node } from '../topology/topology.js';
import { storeOf } from '../stores/index.js';
import { movedStore, type MovedStore } from './moved-stores.js';
import { changedFiles, isNew, nodeSeen, nodesWithoutPlace, type Known } from './known.js';
import type { Step } from './step.js';

interface NodeState {
  node: Node;
  runs: boolean;
  isMaster: boolean;
  /** Why its files must be written; null when they are as wanted. */
  configure: Step | null;
  /** Why it must be started or restarted; null when it runs as wanted. */
  start: string | null;
}

export function planGroup(known: Known, group: string, credentialsVersion: number): Step[][] {
  const nodes = nodesOfGroup(known.topology, group).map((node) => stateOf(known, node, credentialsVersion));
  const moved = movedStore(known, group);
  if (moved !== null) return planMove(known, moved, nodes);
  const down = nodes.filter((state) => !state.runs);
  const restart = nodes.filter((state) => state.runs && (state.configure !== null || state.start !== null));
  const stages = [
    removals(known, group),
    down.flatMap((state) => state.configure ?? []),
    storeChecks(known, group, [...down, ...restart.filter(({ configure }) => configure !== null)]),
    lockProof(known, group, nodes),
    ...startsInOrder(storeOf(known.topology, group).startsTogether, nodes, down),
    ...rollingRestart(nodes, restart),
  ].filter((stage) => stage.length > 0);
  return stages.length === 0 ? [] : [...stages, [verifyRoles(group)]];
}

/** To another store: it is reached before a node is stopped for it, and none starts before all are stopped. */
function planMove(known: Known, { group, from, to }: MovedStore, found: readonly NodeState[]): Step[][] {
  const reason = `the store becomes ${to} in place of ${from.join(' and ')}`;
  const nodes = found.map((state) => ({ ...state, runs: false, isMaster: false, start: reason }));
  const live = found.filter(({ node }) => {
    const seen = nodeSeen(known, node);
    return seen?.process.alive === true || seen?.desired === 'up';
  });
  return [
    removals(known, group),
    storeChecks(known, group, nodes),
    live.map(({ node }) => nodeStep('stopNode', node, 'stop before the group moves', reason)),
    nodes.flatMap(({ configure }) => configure ?? []),
    lockProof(known, group, nodes),
    ...startsInOrder(storeOf(known.topology, group).startsTogether, nodes, nodes),
    [verifyRoles(group)],
  ].filter((stage) => stage.length > 0);
}

function stateOf(known: Known, node: Node, credentialsVersion: number): NodeState {
  const seen = nodeSeen(known, node);
  const runs = seen?.process.alive === true && seen.desired === 'up';
  const configure = configureStep(known, node, credentialsVersion);
  return {
    node,
    runs,
    isMaster: runs && seen.listening.includes(node.openwire),
    configure,
    start: startReason(known, node),
  };
}

function configureStep(known: Known, node: Node, credentialsVersion: number): Step | null {
  const seen = nodeSeen(known, node);
  const found = isNew(known, node.host) ? {} : (known.observed[node.host]?.inside?.files ?? {});
  const files = changedFiles(known.desired.nodes[node.name]?.files ?? {}, found);
  const reasons = [
    files.length > 0 && describeFiles(node, files),
    credentialsReason(seen?.credentialsVersion ?? 0, credentialsVersion),
    seen !== undefined && !seen.storeWritable && 'its user cannot write the store',
  ].filter((reason) => reason !== false);
  if (reasons.length === 0) return null;
  return { ...nodeStep('configureNode', node, 'configure', reasons.join('; ')), files };
}

/** A file that is missing, open to others, or changed by hand counts as version 0. */
function credentialsReason(found: number, wanted: number): string | false {
  if (found === wanted) return false;
  return found === 0 ? 'its credentials are missing or were changed' : 'its credentials are of another version';
}

function describeFiles(node: Node, files: { path: string; change: string }[]): string {
  if (files.every((file) => file.change === 'create')) return 'it is not configured';
  const marker = `/${node.name}/`;
  return `${files.map((file) => file.path.slice(file.path.lastIndexOf(marker) + marker.length)).join(', ')} differs`;
}

function startReason(known: Known, node: Node): string | null {
  const seen = nodeSeen(known, node);
  if (seen === undefined || !seen.process.alive) return 'it does not run';
  if (seen.desired !== 'up') return `it is meant to be ${seen.desired}`;
  if (seen.process.state === 'T') return 'its process is stopped (SIGSTOP)';
  if (seen.launchedWith !== seen.currentFingerprint) return 'it runs with an older configuration';
  return null;
}

/**
 * Before a broker waits for minutes on a store that it cannot reach or may not use, and before one that runs is stopped for
 * a login that does not do: once from every host.
 */
function storeChecks(known: Known, group: string, states: readonly NodeState[]): Step[] {
  if (!storeOf(known.topology, group).asked) return [];
  const one = new Map(states.toReversed().map(({ node }) => [node.host, node]));
  return [...one.values()].map((node) => ({
    id: `checkStore/${group}/${node.host}`,
    kind: 'checkStore',
    host: node.host,
    group,
    node: node.name,
    summary: `${group} · reach the store from ${node.host}`,
    reason: 'nodes are to be started on it',
  }));
}

/**
 * Before brokers of a group start on a host where none of it runs: with a lock that does not hold between its hosts it
 * would have as many masters.
 */
function lockProof(known: Known, group: string, nodes: readonly NodeState[]): Step[] {
  const hosts = hostsOfGroup(known.topology, group);
  if (storeOf(known.topology, group).directory === null || hosts.length < 2) return [];
  const used = new Set(nodes.flatMap(({ node, runs }) => (runs ? [node.host] : [])));
  const idle = hosts.filter((host) => !used.has(host));
  if (idle.length === 0) return [];
  const summary = `${group} · prove that the lock of the store holds between ${hosts.join(', ')}`;
  const reason = `no node of ${group} runs on ${idle.join(', ')} yet`;
  return [{ id: `proveLock/${group}`, kind: 'proveLock', group, summary, reason }];
}

/**
 * The first start decides the master: it goes alone, the others follow together and find the lock taken. Where nodes
 * elect it each starts alone, and the first only waits for the others.
 */
function startsInOrder(together: boolean, nodes: NodeState[], down: NodeState[]): Step[][] {
  const starts = (states: NodeState[], expect: 'master' | 'slave' | 'any'): Step[] =>
    states.map(({ node, start }) => ({ ...startStep(node, expect), reason: start ?? 'its configuration changed' }));
  if (!together) return down.map((state) => starts([state], 'any'));
  if (nodes.some((state) => state.runs)) return [starts(down, 'slave')];
  return [starts(down.slice(0, 1), 'master'), starts(down.slice(1), 'slave')];
}

/**
 * The stages of a group in two parts: up to where its master serves for good, and those in which only slaves join it and
 * roles are verified. A slave has no ports, so messages pass in the second part as they will after it.
 */
export function atService(stages: readonly Step[][]): { serving: Step[][]; joining: Step[][] } {
  const joins = ({ kind, expect }: Step): boolean =>
    kind === 'verifyRoles' || (kind === 'startNode' && expect === 'slave');
  const last = stages.findLastIndex((stage) => !stage.every(joins));
  return { serving: stages.slice(0, last + 1), joining: stages.slice(last + 1) };
}

/** Slaves one at a time, the master last: clients fail over once, to a slave that has the new configuration. */
function rollingRestart(nodes: NodeState[], restart: NodeState[]): Step[][] {
  const ordered = [...restart.filter((state) => !state.isMaster), ...restart.filter((state) => state.isMaster)];
  return ordered.flatMap((state) => {
    const why = state.configure?.reason ?? state.start ?? '';
    const expect = nodes.length === 1 ? 'master' : 'any';
    return [
      [{ ...nodeStep('stopNode', state.node, `stop ${state.isMaster ? 'master' : 'slave'}`, why) }],
      state.configure === null ? [] : [state.configure],
      [{ ...startStep(state.node, expect), reason: why }],
    ];
  });
}

/** By the group that the node was of, so that it is gone before another starts there; else by the first one on its host. */
function removals(known: Known, group: string): Step[] {
  const ownerOf = (host: string, node: string): string | undefined => {
    const was = known.observed[host]?.inside?.nodes.find(({ name }) => name === node)?.store?.group;
    return was !== undefined && was in known.topology.groups ? was : groupsOnHost(known.topology, host)[0];
  };
  return Object.keys(known.topology.hosts)
    .filter((host) => !isNew(known, host))
    .flatMap((host) =>
      nodesWithoutPlace(known, host)
        .filter((node) => ownerOf(host, node) === group)
        .map((node): Step => ({
          id: `removeNode/${node}`,
          kind: 'removeNode',
          host,
          group,
          node,
          summary: `${node} · stop and remove`,
          reason: 'the topology has no such node on this host',
        })),
    );
}

const startStep = (node: Node, expect: 'master' | 'slave' | 'any'): Step => ({
  ...nodeStep('startNode', node, expect === 'any' ? 'start' : `start as ${expect} of ${node.group}`, ''),
  expect,
});

const verifyRoles = (group: string): Step => ({
  id: `verifyRoles/${group}`,
  kind: 'verifyRoles',
  group,
  summary: `${group} · verify exactly one master`,
  reason: 'nodes of the group changed',
});

function nodeStep(kind: Step['kind'], node: Node, what: string, reason: string): Step {
  return {
    id: `${kind}/${node.name}`,
    kind,
    host: node.host,
    group: node.group,
    node: node.name,
    summary: `${node.name} · ${what}`,
    reason,
  };
}
