import { portOf } from '../../databases/engines.js';
import { didYouMean } from '../closest.js';
import { placedDatabases, placedNodes, placedStores } from '../draft.js';
import type { Draft } from '../draft.js';
import { isUnknown } from './rule.js';
import type { Rule } from './rule.js';

const host: Rule = {
  id: 'database-host-unknown',
  severity: 'error',
  says: 'A database names a host of the topology.',
  check: (draft) =>
    placedDatabases(draft)
      .filter(({ spec }) => isUnknown(spec.host, draft.declared.hosts))
      .map(({ at, spec }) => ({
        at: [...at, 'host'],
        message: `there is no host ${spec.host}`,
        ...didYouMean(spec.host, draft.declared.hosts),
      })),
};

const name: Rule = {
  id: 'database-name',
  severity: 'error',
  says: 'A database has another name than every node: the host knows both by their names.',
  check: (draft) =>
    placedDatabases(draft)
      .filter((database) => placedNodes(draft).some((node) => node.name === database.name))
      .map(({ at, name: taken }) => ({ at, message: `there is a node ${taken}`, suggestion: `db-${taken}` })),
};

const port: Rule = {
  id: 'database-port',
  severity: 'error',
  says: "A database's port is used by nothing else on its host.",
  check: (draft) => {
    const nodes = placedNodes(draft).flatMap(({ name: by, spec }) =>
      [spec.openwire, spec.console].map((used) => ({ by, host: spec.host, used })),
    );
    const databases = placedDatabases(draft);
    return databases.flatMap(({ at, spec }, index) => {
      const earlier = databases
        .slice(0, index)
        .map((other) => ({ by: other.name, host: other.spec.host, used: portOf(other.spec) }));
      const taken = [...nodes, ...earlier].find((other) => other.host === spec.host && other.used === portOf(spec));
      if (taken === undefined) return [];
      return [{ at: [...at, 'port'], message: `port ${portOf(spec)} is taken on the same host by ${taken.by}` }];
    });
  },
};

/** Groups whose stores are in a database. */
const groupsIn = (draft: Draft, database: string): string[] =>
  placedStores(draft).flatMap(({ name: group, spec }) =>
    spec.kind === 'jdbc' && spec.database === database ? [group] : [],
  );

const networks: Rule = {
  id: 'database-apart',
  severity: 'error',
  says: 'A database is on the same Docker network as the nodes that use it.',
  check: (draft) => {
    const networkOf = (name: string): string | undefined => {
      const spec = Object.hasOwn(draft.topology.hosts, name) ? draft.topology.hosts[name] : undefined;
      return spec?.kind === 'docker' ? spec.network.name : undefined;
    };
    return placedDatabases(draft).flatMap(({ name: database, at, spec }) => {
      const own = networkOf(spec.host);
      const groups = groupsIn(draft, database);
      const far = placedNodes(draft).find((node) => {
        const network = networkOf(node.spec.host);
        return groups.includes(node.group) && own !== undefined && network !== undefined && network !== own;
      });
      if (far === undefined) return [];
      return [
        { at: [...at, 'host'], message: `node ${far.name} is on another Docker network, which does not reach ${own}` },
      ];
    });
  },
};

const unused: Rule = {
  id: 'database-unused',
  severity: 'warning',
  says: 'No group uses a database.',
  check: (draft) =>
    placedDatabases(draft)
      .filter(({ name: database }) => groupsIn(draft, database).length === 0)
      .map(({ name: database, at }) => ({ at, message: `no group uses database ${database}` })),
};

const single: Rule = {
  id: 'database-single',
  severity: 'warning',
  says: 'A database that Everbroker installs is one server.',
  check: (draft) =>
    placedDatabases(draft).flatMap(({ name: database, at, spec }) => {
      const groups = groupsIn(draft, database);
      if (groups.length === 0) return [];
      const message = `${groups.join(' and ')} cannot store while ${database} or its host ${spec.host} is down: a group does not survive its only database`;
      return [{ at, message }];
    }),
};

export const databaseRules: readonly Rule[] = [host, name, port, networks, unused, single];
