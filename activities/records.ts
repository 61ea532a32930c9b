/** The records that drills leave. */
import type { DrillRecord, DrillVerdict } from '../core/drills/record.js';
import type { Deps } from './deps.js';

export interface Records {
  /** Keeps a record for good; the same one again is found. Returns where it lies. */
  keep(record: DrillRecord): Promise<string>;
  /** All records of a cluster, the oldest first. */
  list(cluster: string): Promise<DrillRecord[]>;
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
  const run = (await deps.records.list(cluster)).filter(({ verdict }) => verdict !== 'skipped');
  const last = run.sort((a, b) => a.endedAt - b.endedAt).at(-1);
  if (last === undefined) return null;
  const { drill, verdict, endedAt, scenario } = last;
  return { drill, verdict, endedAt, scenario: String(scenario['name']) };
}
