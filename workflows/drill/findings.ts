/** What a drill found, before it is judged; and the record made of it. */
import type { Blow } from '../../core/drills/blow.js';
import type { Ledger } from '../../core/drills/ledger.js';
import type { Done } from '../../core/drills/judge.js';
import type { DrillRecord } from '../../core/drills/record.js';
import { recordedTopology } from '../../core/drills/record-topology.js';
import type { RoleSample } from '../../core/drills/samples.js';
import type { UnseenQueue } from '../../core/drills/stuck.js';
import type { ResolvedDrill } from '../../activities/drills/resolve.js';

export interface Findings {
  phases: DrillRecord['phases'];
  injections: Done[];
  samples: RoleSample[];
  ledger: Ledger | null;
  /** Queues that could not be looked into after draining; null while nobody has looked. */
  unseen: readonly UnseenQueue[] | null;
  /** Every fault was looked for and not found. */
  healed: boolean;
  /** Decided without judging: nothing was broken, or the drill was cut short. */
  end: { verdict: 'skipped' | 'inconclusive'; reason: string } | null;
  /** Thrown again when the record is kept: a cancellation, or a refusal. */
  rethrow: unknown;
  /** Version of the Java that brokers run on. */
  java: string | null;
}

export const EMPTY_FINDINGS: Findings = {
  phases: [],
  injections: [],
  samples: [],
  ledger: null,
  unseen: null,
  healed: true,
  end: null,
  rethrow: null,
  java: null,
};

export interface Frame {
  drill: string;
  workflowId: string;
  startedBy: string;
  startedAt: number;
  endedAt: number;
}

/** The record without what the judge puts in. */
export type Unjudged = Omit<DrillRecord, 'injections' | 'hypotheses' | 'verdict' | 'reason'>;

export function recordOf(
  { topology, topologyHash, scenario, versions }: ResolvedDrill,
  { phases, samples, ledger, healed, java }: Findings,
  frame: Frame,
): Unjudged {
  return {
    version: 1,
    ...frame,
    cluster: topology.name,
    environment: topology.environment,
    topologyHash,
    versions: { ...versions, java },
    topology: recordedTopology(topology),
    scenario: { ...scenario },
    phases,
    samples,
    ledger:
      ledger === null
        ? null
        : { flows: ledger.flows.map((flow) => ({ ...flow, examples: { ...flow.examples } })), total: ledger.total },
    healed,
  };
}

/** Names a blow on its host. */
export const faultId = (drill: string, turn: number, index: number): string => `${drill}-${turn}-${index}`;
export type NamedBlow = Blow & { id: string };
