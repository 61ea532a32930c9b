import { placedStores } from '../draft.js';
import { lineOf } from './versions.js';
import type { Rule } from './rule.js';

const removed: Rule = {
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
        suggestion: 'use kahadb or jdbc',
      }));
  },
};

const unsupported: Rule = {
  id: 'store-not-supported',
  severity: 'unsupported',
  says: 'Stores of kind leveldb are not supported yet.',
  check: (draft) =>
    placedStores(draft)
      .filter(({ spec }) => spec.kind === 'leveldb')
      .map(({ at, spec }) => ({
        at: [...at, 'kind'],
        message: `${spec.kind} is not supported yet`,
        suggestion: 'use kahadb or jdbc',
      })),
};

export const leveldbRules: readonly Rule[] = [removed, unsupported];
