/** Parts of the format that are parsed, checked and not built yet. Each says what to use meanwhile. */
import { placedHosts } from '../draft.js';
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

export const unsupportedRules: readonly Rule[] = [ssh];
