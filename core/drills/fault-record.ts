/** What the timer of a fault writes down about it: a line a change, `<what> <ms since the epoch> <words>`. Pure. */
export interface FaultRecord {
  /** When the fault was in force; null while it is not, or when it could not be done. */
  inForceAt: number | null;
  /** How it ended. */
  healed: { at: number; by: 'timer' | 'told' } | null;
  /** Why it could not be done. */
  impossible: string | null;
}

export function parseFaultRecord(text: string): FaultRecord {
  const record: FaultRecord = { inForceAt: null, healed: null, impossible: null };
  for (const line of text.split('\n')) {
    const [, what, at, words = ''] = /^(\S+) (\d+) ?(.*)$/.exec(line) ?? [];
    if (what === 'in-force') record.inForceAt = Number(at);
    else if (what === 'healed') record.healed = { at: Number(at), by: words === 'timer' ? 'timer' : 'told' };
    else if (what === 'impossible') record.impossible = words;
  }
  return record;
}
