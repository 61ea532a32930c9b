/** What a rule is. A rule looks at a draft and says what is wrong, where, and what to do. */
import type { Draft } from '../draft.js';
import type { Finding, Path } from '../problem.js';

/** `unsupported` is refused as well, but as something that is right and not built yet. */
export type Severity = 'error' | 'warning' | 'unsupported';

export interface Rule {
  /** Stable: problems carry it as their code. */
  id: string;
  severity: Severity;
  /** One sentence for docs/topology.md. */
  says: string;
  check(draft: Draft): RuleFinding[];
}

export type RuleFinding = Omit<Finding, 'code'>;

export interface Claim {
  /** What is claimed, e.g. a host and port. */
  key: string;
  at: Path;
  /** The claimant in words. */
  by: string;
}

/** Says of each later claim on the same thing who has it already. */
export function claimedTwice(claims: readonly Claim[], message: (claim: Claim, first: Claim) => string): RuleFinding[] {
  const first = new Map<string, Claim>();
  return claims.flatMap((claim) => {
    const earlier = first.get(claim.key);
    if (earlier !== undefined) return [{ at: claim.at, message: message(claim, earlier) }];
    first.set(claim.key, claim);
    return [];
  });
}

/** Where no names at all were declared, that is what is said, and not once more for each that refers to one. */
export const isUnknown = (name: string, declared: readonly string[]): boolean =>
  declared.length > 0 && !declared.includes(name);
