import { portOf } from '../../databases/engines.js';
import { didYouMean } from '../closest.js';
import { placedDatabases, placedEnsembles, placedNodes, placedStores } from '../draft.js';
import type { Draft } from '../draft.js';
import type { Path } from '../problem.js';
import type { StoreSpec } from '../schema.js';
import { serverName } from '../topology.js';
import { claimedTwice, isUnknown } from './rule.js';
import type { Claim, Rule } from './rule.js';

/** A process that a host's agent keeps beside nodes. */
interface Server {
  /** By which stores name what it is a part of. */
  of: string;
  /** By which the host knows it. */
  name: string;
  at: Path;
  host: string;
  hostAt: Path;
  ports: { port: number; at: Path }[];
}

const databaseServers = (draft: Draft): Server[] =>
  placedDatabases(draft).map(({ name, at, spec }) => ({
    of: name,
    name,
    at,
    host: spec.host,
    hostAt: [...at, 'host'],
    ports: [{ port: portOf(spec), at: [...at, 'port'] }],
  }));

const PORTS = ['port', 'peerPort', 'electionPort'] as const;

const ensembleServers = (draft: Draft): Server[] =>
  placedEnsembles(draft).flatMap(({ name: of, at, spec }) =>
    spec.hosts.map((host, index) => ({
      of,
      name: serverName(of, index + 1),
      at,
      host,
      hostAt: [...at, 'hosts', index],
      ports: PORTS.map((key) => ({ port: spec[key], at: [...at, key] })),
    })),
  );

const allServers = (draft: Draft): Server[] => [...databaseServers(draft), ...ensembleServers(draft)];

/** Hosts on which something runs beside nodes. */
export const serverHosts = (draft: Draft): string[] => allServers(draft).map(({ host }) => host);

interface Kind {
  word: 'database' | 'ensemble';
  title: string;
  servers: (draft: Draft) => Server[];
  /** What a store needs of this kind, by name. */
  neededBy: (store: StoreSpec) => string | undefined;
}

const DATABASE: Kind = {
  word: 'database',
  title: 'A database',
  servers: databaseServers,
  neededBy: (store) => (store.kind === 'jdbc' ? store.database : undefined),
};

const ENSEMBLE: Kind = {
  word: 'ensemble',
  title: 'A server of an ensemble',
  servers: ensembleServers,
  neededBy: (store) => (store.kind === 'leveldb' ? store.ensemble : undefined),
};

/** Groups whose stores need it. */
const groupsOf = (draft: Draft, { neededBy }: Kind, name: string): string[] =>
  placedStores(draft).flatMap(({ name: group, spec }) => (neededBy(spec) === name ? [group] : []));

const known = ({ word, neededBy }: Kind): Rule => ({
  id: `${word}-unknown`,
  severity: 'error',
  says: `A store names ${word === 'database' ? 'a database' : 'an ensemble'} of the topology.`,
  check: (draft) =>
    placedStores(draft).flatMap(({ at, spec }) => {
      const declared = draft.declared[`${word}s`];
      const needed = neededBy(spec);
      if (needed === undefined || declared.includes(needed)) return [];
      return [{ at: [...at, word], message: `there is no ${word} ${needed}`, ...didYouMean(needed, declared) }];
    }),
});

const host = ({ word, title, servers }: Kind): Rule => ({
  id: `${word}-host-unknown`,
  severity: 'error',
  says: `${title} is on a host of the topology.`,
  check: (draft) =>
    servers(draft)
      .filter((server) => isUnknown(server.host, draft.declared.hosts))
      .map((server) => ({
        at: server.hostAt,
        message: `there is no host ${server.host}`,
        ...didYouMean(server.host, draft.declared.hosts),
      })),
});

const name = ({ word, title, servers }: Kind): Rule => ({
  id: `${word}-name`,
  severity: 'error',
  says: `${title} has another name than every node${word === 'ensemble' ? ' and database' : ''}: the host knows them by their names.`,
  check: (draft) => {
    const nodes = placedNodes(draft).map((node) => ({ name: node.name, what: 'node' }));
    const databases = databaseServers(draft).map((server) => ({ name: server.name, what: 'database' }));
    const others = word === 'database' ? nodes : [...nodes, ...databases];
    return servers(draft).flatMap((server) => {
      const taken = others.find((other) => other.name === server.name);
      if (taken === undefined) return [];
      const suggestion = word === 'database' ? `db-${server.of}` : `${server.of}-zk`;
      return [{ at: server.at, message: `there is a ${taken.what} ${taken.name}`, suggestion }];
    });
  },
});

const port = ({ word, title, servers }: Kind): Rule => ({
  id: `${word}-port`,
  severity: 'error',
  says: `${title} has ports that nothing else uses on its host.`,
  check: (draft) => {
    const nodes = placedNodes(draft).flatMap(({ name: by, at, spec }) =>
      [spec.openwire, spec.console, spec.replication].flatMap((used) =>
        used === undefined ? [] : [{ key: `${spec.host} ${used}`, at, by }],
      ),
    );
    const claimsOf = (each: readonly Server[]): Claim[] =>
      each.flatMap((server) =>
        server.ports.map(({ port: used, at }) => ({ key: `${server.host} ${used}`, at, by: server.name })),
      );
    const earlier = word === 'database' ? nodes : [...nodes, ...claimsOf(databaseServers(draft))];
    const own = claimsOf(servers(draft));
    return claimedTwice(
      [...earlier, ...own],
      ({ key }, { by }) => `port ${key.split(' ')[1] ?? ''} is taken on the same host by ${by}`,
    ).filter(({ at }) => own.some((claim) => claim.at === at));
  },
});

const networks = (kind: Kind): Rule => ({
  id: `${kind.word}-apart`,
  severity: 'error',
  says: `${kind.title} is on the same Docker network as the nodes that use it.`,
  check: (draft) => {
    const networkOf = (of: string): string | undefined => {
      const spec = Object.hasOwn(draft.topology.hosts, of) ? draft.topology.hosts[of] : undefined;
      return spec?.kind === 'docker' ? spec.network.name : undefined;
    };
    return kind.servers(draft).flatMap((server) => {
      const own = networkOf(server.host);
      const groups = groupsOf(draft, kind, server.of);
      const far = placedNodes(draft).find((node) => {
        const network = networkOf(node.spec.host);
        return groups.includes(node.group) && own !== undefined && network !== undefined && network !== own;
      });
      if (far === undefined) return [];
      const message = `node ${far.name} is on another Docker network, which does not reach ${own}`;
      return [{ at: server.hostAt, message }];
    });
  },
});

const unused = (kind: Kind): Rule => ({
  id: `${kind.word}-unused`,
  severity: 'warning',
  says: `No group uses ${kind.word === 'database' ? 'a database' : 'an ensemble'}.`,
  check: (draft) => {
    const places = new Map(kind.servers(draft).map(({ of, at }) => [of, at]));
    return [...places]
      .filter(([of]) => groupsOf(draft, kind, of).length === 0)
      .map(([of, at]) => ({ at, message: `no group uses ${kind.word} ${of}` }));
  },
});

const singleDatabase: Rule = {
  id: 'database-single',
  severity: 'warning',
  says: 'A database that Everbroker installs is one server.',
  check: (draft) =>
    placedDatabases(draft).flatMap(({ name: database, at, spec }) => {
      const groups = groupsOf(draft, DATABASE, database);
      if (groups.length === 0) return [];
      const message = `${groups.join(' and ')} cannot store while ${database} or its host ${spec.host} is down: a group does not survive its only database`;
      return [{ at, message }];
    }),
};

const ensembleHosts: Rule = {
  id: 'ensemble-host-twice',
  severity: 'error',
  says: 'The servers of an ensemble are on different hosts.',
  check: (draft) =>
    placedEnsembles(draft).flatMap(({ at, spec }) =>
      claimedTwice(
        spec.hosts.map((key, index) => ({ key, at: [...at, 'hosts', index], by: key })),
        ({ key }) => `${key} has a server of this ensemble already: with that host both would be lost`,
      ),
    ),
};

/** Of two servers both are a majority, and of four three: each more than three or five only has more to lose. */
const ensembleSize: Rule = {
  id: 'ensemble-size',
  severity: 'warning',
  says: 'An ensemble has one server, or an even number of them.',
  check: (draft) =>
    placedEnsembles(draft).flatMap(({ name: ensemble, at, spec }) => {
      const count = spec.hosts.length;
      if (count > 1 && count % 2 === 1) return [];
      const survives = Math.ceil(count / 2) - 1;
      const message = `${ensemble} with ${count} ${count === 1 ? 'server' : 'servers'} survives the loss of ${survives === 0 ? 'none' : survives}`;
      return [{ at: [...at, 'hosts'], message, suggestion: `${count < 3 ? 3 : count - 1} hosts` }];
    }),
};

const shared = [DATABASE, ENSEMBLE].flatMap((kind) =>
  [known, host, name, port, networks, unused].map((rule) => rule(kind)),
);

export const serviceRules: readonly Rule[] = [...shared, singleDatabase, ensembleHosts, ensembleSize];
