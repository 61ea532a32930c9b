/** The records that drills leave. */
import type { DrillRecord, DrillVerdict } from '../core/drills/record.js';
import type { Deps } from './deps.js';

export interface Records {
  /** Keeps a record for good; the same one again is found. Returns where it lies. */
  keep(record: DrillRecord): Promise<string>;
  /** The records of a cluster, the newest first; each is read when it is asked for. */
  newest(cluster: string): AsyncIterable<DrillRecord>;
}

export async function keepRecord(deps: Deps, { record }: { record: DrillRecord }): Promise<{ path: string }> {
  return { path: await deps.records.keep(record) };
}

export interface LastDrill {
  drill: string;
  scenario: string;
  verdict: DrillVerdict;
  endedAt: number;
}

/** The newest drill of a cluster that was run; what was skipped is none. */
export async function lastDrill(deps: Deps, { cluster }: { cluster: string }): Promise<LastDrill | null> {
  for await (const { drill, verdict, endedAt, scenario } of deps.records.newest(cluster))
    if (verdict !== 'skipped') return { drill, verdict, endedAt, scenario: String(scenario['name']) };
  return null;
}
