import { placedStores } from '../draft.js';
import type { Rule } from './rule.js';

/** Above a second a takeover takes longer than clients and drills expect (default lock poll: 4.6 to 7.5 s measured). */
const SLOW_MS = 1000;

const slowLock: Rule = {
  id: 'lock-slow',
  severity: 'warning',
  says: `\`lockPollMs\` or \`lockKeepAliveMs\` is above ${SLOW_MS} ms.`,
  check: (draft) =>
    placedStores(draft).flatMap(({ at, spec }) => {
      if (spec.kind !== 'kahadb') return [];
      const effects = {
        lockPollMs: 'a slave takes over that much later',
        lockKeepAliveMs: 'two masters can write one store for so long after its lock file was replaced',
      };
      return (['lockPollMs', 'lockKeepAliveMs'] as const).flatMap((key) =>
        spec[key] > SLOW_MS ? [{ at: [...at, key], message: `${spec[key]} ms: ${effects[key]}` }] : [],
      );
    }),
};

export const kahadbRules: readonly Rule[] = [slowLock];
