/** What needs more than one field to be judged. Each rule has an id, which problems carry as their code, and one sentence. */
import type { Draft } from './draft.js';
import type { Finding } from './problem.js';
import { bridgeRules } from './rules/bridges.js';
import { groupRules } from './rules/groups.js';
import { networkRules } from './rules/networks.js';
import { portRules } from './rules/ports.js';
import { serviceRules } from './rules/services.js';
import type { Rule, Severity } from './rules/rule.js';
import { storeKindRules } from './rules/store-kinds.js';
import { storeRules } from './rules/stores.js';
import { userRules } from './rules/users.js';
import { versionRules } from './rules/versions.js';

export type { Rule, Severity } from './rules/rule.js';

/** In the order in which a reader of the file meets their subjects; docs/topology.md lists them. */
export const RULES: readonly Rule[] = [
  ...versionRules,
  ...userRules,
  ...networkRules,
  ...groupRules,
  ...portRules,
  ...storeRules,
  ...storeKindRules,
  ...serviceRules,
  ...bridgeRules,
];

export function findingsOf(draft: Draft, severity: Severity): Finding[] {
  return RULES.filter((rule) => rule.severity === severity).flatMap((rule) =>
    rule.check(draft).map((finding) => ({ ...finding, code: rule.id })),
  );
}
