/** Rules that hold for one kind of store. */
import type { StoreSpec } from '../schema.js';
import { jdbcRules } from './jdbc.js';
import { kahadbRules } from './kahadb.js';
import { leveldbRules } from './leveldb.js';
import type { Rule } from './rule.js';

const RULES: Record<StoreSpec['kind'], readonly Rule[]> = {
  kahadb: kahadbRules,
  jdbc: jdbcRules,
  leveldb: leveldbRules,
};

export const storeKindRules: readonly Rule[] = Object.values(RULES).flat();
