import { storeDirectory } from '../../stores/index.js';
import { didYouMean } from '../closest.js';
import { engineOf, placedDockerHosts, placedGroups, placedHosts, placedNodes } from '../draft.js';
import type { Draft } from '../draft.js';
import type { StoreSpec } from '../schema.js';
import { MAX_HOSTS, MAX_NODES } from '../limits.js';
import { claimedTwice, isUnknown } from './rule.js';
import { serverHosts } from './services.js';
import type { Rule } from './rule.js';

const something: Rule = {
  id: 'nothing-there',
  severity: 'error',
  says: 'There are hosts and groups, and every group has nodes.',
  check: (draft) => [
    ...(draft.declared.hosts.length === 0 ? [{ at: ['hosts'], message: 'there must be at least one host' }] : []),
    ...(draft.declared.groups.length === 0 ? [{ at: ['groups'], message: 'there must be at least one group' }] : []),
    ...placedGroups(draft)
      .filter(({ spec }) => Object.keys(spec.nodes).length === 0)
      .map(({ name, at }) => ({ at: [...at, 'nodes'], message: `group ${name} has no nodes` })),
  ],
};

const size: Rule = {
  id: 'too-large',
  severity: 'error',
  says: `There are at most ${MAX_NODES} nodes and ${MAX_HOSTS} hosts: one workflow's history holds their deployment.`,
  check: (draft) => {
    const nodes = placedNodes(draft).length;
    const hosts = draft.declared.hosts.length;
    return [
      ...(hosts > MAX_HOSTS
        ? [{ at: ['hosts'], message: `${hosts} hosts are more than the ${MAX_HOSTS} possible` }]
        : []),
      ...(nodes > MAX_NODES
        ? [
            {
              at: ['groups'],
              message: `${nodes} nodes are more than the ${MAX_NODES} that one deployment can hold`,
              suggestion: 'make two clusters of them',
            },
          ]
        : []),
    ];
  },
};

const uniqueNodes: Rule = {
  id: 'node-twice',
  severity: 'error',
  says: 'Names of nodes are unique in the whole topology.',
  check: (draft) =>
    claimedTwice(
      placedNodes(draft).map(({ name, at, group }) => ({ key: name, at, by: group })),
      ({ key }, first) => `there is a node ${key} in group ${first.by} already`,
    ),
};

const knownHost: Rule = {
  id: 'host-unknown',
  severity: 'error',
  says: 'A node names a host of the topology.',
  check: (draft) =>
    placedNodes(draft)
      .filter(({ spec }) => isUnknown(spec.host, draft.declared.hosts))
      .map(({ at, spec }) => ({
        at: [...at, 'host'],
        message: `there is no host ${spec.host}`,
        ...didYouMean(spec.host, draft.declared.hosts),
      })),
};

const oneEngine: Rule = {
  id: 'store-not-shared',
  severity: 'error',
  says: 'The nodes of a KahaDB group are on one machine or one Docker engine, or its store is `shared: true`: directories of the same name are as many stores, and give as many masters.',
  check: (draft) =>
    placedGroups(draft).flatMap(({ name, at, spec }) => {
      if (storeDirectory(spec.store) === null || isShared(spec.store)) return [];
      const engines = new Map(placesOfGroup(draft, name).map(({ host, engine }) => [engine, host]));
      if (engines.size < 2) return [];
      const message = `the nodes of ${name} are on different machines, engines or workers (hosts ${[...engines.values()].join(', ')}) and so share no store`;
      return [{ at: [...at, 'nodes'], message, suggestion: SHARED }];
    }),
};

const SHARED =
  'store.shared: true says that all of them have one file system mounted there; a store in a database (jdbc) needs none';

const isShared = (store: StoreSpec): boolean => store.kind === 'kahadb' && store.shared === true;

function placesOfGroup(draft: Draft, group: string): { host: string; engine: string }[] {
  return placedNodes(draft).flatMap((node) => {
    if (node.group !== group || node.host === undefined) return [];
    const engine = node.host.kind === 'docker' ? engineOf(node.host) : `ssh ${node.spec.host}`;
    return [{ host: node.spec.host, engine }];
  });
}

const unused: Rule = {
  id: 'host-unused',
  severity: 'warning',
  says: 'Neither a node, a database nor a server of an ensemble is on a host.',
  check: (draft) => {
    const used = new Set([...placedNodes(draft).map(({ spec }) => spec.host), ...serverHosts(draft)]);
    return placedHosts(draft)
      .filter(({ name }) => !used.has(name))
      .map(({ name, at }) => ({ at, message: `nothing is on host ${name}` }));
  },
};

const noStandby: Rule = {
  id: 'no-standby',
  severity: 'warning',
  says: 'A group has one node only.',
  check: (draft) =>
    placedGroups(draft)
      .filter(({ spec }) => Object.keys(spec.nodes).length === 1)
      .map(({ name, at }) => ({
        at: [...at, 'nodes'],
        message: `group ${name} has one node and so no standby: when that dies, nothing takes over`,
      })),
};

const oneHost: Rule = {
  id: 'single-point-of-failure',
  severity: 'warning',
  says: 'All nodes of a group are on one host.',
  check: (draft) =>
    placedGroups(draft).flatMap(({ name, at, spec }) => {
      const nodes = Object.values(spec.nodes);
      const hosts = new Set(nodes.map(({ host }) => host));
      if (nodes.length < 2 || hosts.size > 1) return [];
      const message = `all nodes of ${name} are on host ${[...hosts].join()}: a single point of failure, which the group does not survive`;
      const suggestion = 'put its nodes on two hosts, as the topology ha-2-hosts does';
      return [{ at: [...at, 'nodes'], message, suggestion }];
    }),
};

const networksApart: Rule = {
  id: 'networks-apart',
  severity: 'error',
  says: 'Groups that a bridge joins are on the same Docker network.',
  check: (draft) => {
    const networks = new Map(placedDockerHosts(draft).map(({ name, spec }) => [name, spec.network.name]));
    const networksOf = (group: string) =>
      new Set(
        placedNodes(draft)
          .filter((node) => node.group === group)
          .flatMap(({ spec }) => networks.get(spec.host) ?? []),
      );
    return draft.topology.bridges.flatMap((bridge, index) => {
      const [from, to] = [networksOf(bridge.from), networksOf(bridge.to)];
      const both = new Set([...from, ...to]);
      if (from.size === 0 || to.size === 0 || both.size === 1) return [];
      const message = `${bridge.from} and ${bridge.to} are on different Docker networks (${[...both].join(', ')}), which do not reach each other`;
      return [{ at: ['bridges', draft.bridgeIndexes[index] ?? index], message }];
    });
  },
};

export const groupRules: readonly Rule[] = [
  something,
  size,
  uniqueNodes,
  knownHost,
  oneEngine,
  networksApart,
  unused,
  noStandby,
  oneHost,
];
