/** Replicated LevelDB with ZooKeeper: parsed and checked, not built. */
import { EverbrokerError } from '../failure.js';
import type { StoreKind, StoreOf } from './store-kind.js';

export const leveldb: StoreKind<StoreOf<'leveldb'>> = {
  kind: 'leveldb',
  directory: () => null,
  adapter: () => {
    throw new EverbrokerError('NotSupportedYet', 'a leveldb store is not supported yet: use kahadb or jdbc');
  },
  beans: () => [],
  drivers: () => [],
  login: () => null,
  waits: () => null,
  leased: false,
  lease: () => null,
  database: () => null,
};
