/** Parts of the format that are parsed, checked and not built yet. Each says what to use meanwhile. */
import { placedBridges, placedHosts, placedStores } from '../draft.js';
import { lineOf } from './versions.js';
import type { Rule } from './rule.js';

const ssh: Rule = {
  id: 'ssh-not-supported',
  severity: 'unsupported',
  says: 'Hosts over SSH are not supported yet.',
  check: (draft) =>
    placedHosts(draft)
      .filter(({ spec }) => spec.kind === 'ssh')
      .map(({ at }) => ({ at: [...at, 'kind'], message: 'ssh is not supported yet', suggestion: 'use docker' })),
};

const stores: Rule = {
  id: 'store-not-supported',
  severity: 'unsupported',
  says: 'Stores of kind jdbc and leveldb are not supported yet.',
  check: (draft) =>
    placedStores(draft)
      .filter(({ spec }) => spec.kind !== 'kahadb')
      .map(({ at, spec }) => ({
        at: [...at, 'kind'],
        message: `${spec.kind} is not supported yet`,
        suggestion: 'use kahadb',
      })),
};

const multicast: Rule = {
  id: 'multicast-not-supported',
  severity: 'unsupported',
  says: 'Discovery by multicast is not supported yet.',
  check: (draft) =>
    placedBridges(draft)
      .filter(({ spec }) => spec.discovery === 'multicast')
      .map(({ at }) => ({
        at: [...at, 'discovery'],
        message: 'multicast is not supported yet',
        suggestion: 'use masterslave or static',
      })),
};

const leveldbGone: Rule = {
  id: 'leveldb-removed',
  severity: 'error',
  says: 'A LevelDB store needs ActiveMQ 5.15 or 5.16: 5.17 removed it.',
  check: (draft) => {
    const { version } = draft.topology.activemq;
    if (['5.15', '5.16'].includes(lineOf(version))) return [];
    return placedStores(draft)
      .filter(({ spec }) => spec.kind === 'leveldb')
      .map(({ at }) => ({
        at,
        message: `ActiveMQ ${version} has no LevelDB; 5.17 removed it`,
        suggestion: 'use kahadb',
      }));
  },
};

export const unsupportedRules: readonly Rule[] = [leveldbGone, ssh, stores, multicast];
