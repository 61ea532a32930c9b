import { placedEnsembles, placedNodes, placedStores } from '../draft.js';
import type { Draft, Placed } from '../draft.js';
import type { StoreSpec } from '../schema.js';
import { lineOf } from './versions.js';
import type { Rule, RuleFinding } from './rule.js';

type Leveldb = Extract<StoreSpec, { kind: 'leveldb' }>;

const stores = (draft: Draft): Placed<Leveldb>[] =>
  placedStores(draft).flatMap(({ name, at, spec }) => (spec.kind === 'leveldb' ? [{ name, at, spec }] : []));

const removed: Rule = {
  id: 'leveldb-removed',
  severity: 'error',
  says: 'A LevelDB store needs ActiveMQ 5.15 or 5.16: 5.17 removed it.',
  check: (draft) => {
    const { version } = draft.topology.activemq;
    if (['5.15', '5.16'].includes(lineOf(version))) return [];
    return stores(draft).map(({ at }) => ({
      at,
      message: `ActiveMQ ${version} has no LevelDB; 5.17 removed it`,
      suggestion: 'use kahadb or jdbc',
    }));
  },
};

const source: Rule = {
  id: 'store-ensemble',
  severity: 'error',
  says: 'A store of kind leveldb names either an `ensemble` of the topology, or the `zookeeper` that exists.',
  check: (draft) =>
    stores(draft).flatMap(({ at, spec }): RuleFinding[] => {
      if (spec.ensemble !== undefined && spec.zookeeper !== undefined)
        return [{ at: [...at, 'zookeeper'], message: `the ensemble ${spec.ensemble} is named already` }];
      if (spec.ensemble !== undefined || spec.zookeeper !== undefined) return [];
      return [{ at, message: 'names no ZooKeeper', suggestion: 'give `ensemble`, or `zookeeper` with its servers' }];
    }),
};

const nodesOf = (draft: Draft, group: string) => placedNodes(draft).filter((node) => node.group === group);

/** With two copies both are the majority: such a group serves only while nothing at all has failed. */
const few: Rule = {
  id: 'leveldb-nodes',
  severity: 'error',
  says: 'A group on LevelDB has three nodes or more: a majority of them must live to have a master.',
  check: (draft) =>
    stores(draft)
      .map(({ name, at }) => ({ name, at: [...at.slice(0, -1), 'nodes'], count: nodesOf(draft, name).length }))
      .filter(({ count }) => count > 0 && count < 3)
      .map(({ name, at, count }) => ({
        at,
        message: `${name} has ${count}: without ${count === 1 ? 'it' : 'either of them'} there would be no majority, and no master`,
        suggestion: 'three nodes, best on three hosts',
      })),
};

const even: Rule = {
  id: 'leveldb-nodes-even',
  severity: 'warning',
  says: 'A group on LevelDB has an even number of nodes.',
  check: (draft) =>
    stores(draft)
      .map(({ name, at }) => ({ at: [...at.slice(0, -1), 'nodes'], count: nodesOf(draft, name).length }))
      .filter(({ count }) => count > 2 && count % 2 === 0)
      .map(({ at, count }) => ({ at, message: `${count} nodes survive the loss of no more than ${count - 1} would` })),
};

const replication: Rule = {
  id: 'replication-port',
  severity: 'error',
  says: 'Nodes of a group on LevelDB have a `replication` port, and no others.',
  check: (draft) => {
    const groups = new Map(placedStores(draft).map(({ name, spec }) => [name, spec.kind]));
    return placedNodes(draft).flatMap((node): RuleFinding[] => {
      const kind = groups.get(node.group);
      const has = node.spec.replication !== undefined;
      if (kind === 'leveldb' && !has)
        return [{ at: [...node.at, 'replication'], message: `${node.name} has no port for the copies of its store` }];
      if (kind !== 'leveldb' && has)
        return [
          { at: [...node.at, 'replication'], message: `a ${kind} store is not replicated`, suggestion: 'leave it out' },
        ];
      return [];
    });
  },
};

/** Run on these; what the store takes from inside the JVM can be gone in any later one. */
const LAST_JAVA = 17;

const java: Rule = {
  id: 'leveldb-java',
  severity: 'error',
  says: `LevelDB's store is not run on a Java after ${LAST_JAVA}: it reaches into the JVM.`,
  check: (draft) => {
    if (stores(draft).length === 0) return [];
    const { minimum, source: from } = draft.topology.java;
    const suggestion = `Java ${LAST_JAVA}`;
    if (minimum > LAST_JAVA) {
      const message = `with at least ${minimum} no Java is left on which LevelDB's store is known to run`;
      return [{ at: ['java', 'minimum'], message, suggestion }];
    }
    const named = from.kind === 'packages' ? /(?:jdk|java)-?(\d+)/.exec(from.package ?? '')?.[1] : undefined;
    if (named === undefined || Number(named) <= LAST_JAVA) return [];
    const message = `LevelDB's store is not known to run on Java ${named}`;
    return [{ at: ['java', 'source', 'package'], message, suggestion }];
  },
};

const SLOW_MS = 10_000;

const slow: Rule = {
  id: 'session-slow',
  severity: 'warning',
  says: `\`sessionTimeoutMs\` is above ${SLOW_MS} ms.`,
  check: (draft) =>
    stores(draft)
      .filter(({ spec }) => spec.sessionTimeoutMs > SLOW_MS)
      .map(({ at, spec }) => ({
        at: [...at, 'sessionTimeoutMs'],
        message: `${spec.sessionTimeoutMs} ms: after a master's death nobody serves for longer than that`,
      })),
};

const memory: Rule = {
  id: 'sync-memory',
  severity: 'warning',
  says: 'Messages count as stored while they are in memory only.',
  check: (draft) =>
    stores(draft)
      .filter(({ spec }) => spec.sync === 'quorum_mem')
      .map(({ name, at }) => ({
        at: [...at, 'sync'],
        message: `${name} loses messages that it confirmed when the power of a majority of its hosts fails`,
        suggestion: 'quorum_disk',
      })),
};

/** The store's client can log in, but leaves what it writes open to everybody all the same. */
const open: Rule = {
  id: 'zookeeper-open',
  severity: 'warning',
  says: 'ZooKeeper is on machines, or one that exists: who reaches its port can disturb the election.',
  check: (draft) => {
    const isMachine = (name: string) => draft.topology.hosts[name]?.kind === 'ssh';
    const machines = placedEnsembles(draft)
      .filter(({ spec }) => spec.hosts.some(isMachine))
      .map(({ at, spec }) => ({ at, ports: [spec.port, spec.peerPort, spec.electionPort].join(', ') }));
    const existing = stores(draft).filter(({ spec }) => spec.zookeeper !== undefined);
    return [
      ...machines.map(({ at, ports }) => ({
        at,
        message: `ZooKeeper asks nobody for a login: let only the cluster's hosts reach ports ${ports}`,
      })),
      ...existing.map(({ at }) => ({
        at: [...at, 'zookeeper'],
        message: 'the brokers show it no login: let only those reach it whom you trust with the election',
      })),
    ];
  },
};

export const leveldbRules: readonly Rule[] = [removed, source, few, even, replication, java, slow, memory, open];
