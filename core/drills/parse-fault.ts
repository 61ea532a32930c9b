/** The agent's answers about faults, read. Their format is written down in agent/parts/faults.sh. Pure. */
import type { FaultSighting } from './host-fault.js';

type HealedBy = 'drill' | 'dead-man timer' | 'by itself';

const HEALERS: Record<string, HealedBy> = { drill: 'drill', timer: 'dead-man timer', itself: 'by itself' };

/** `injected MS DETAIL`. @throws Error for anything else */
export function parseInjected(text: string): { at: number; detail: string } {
  const found = /^injected (\d+) ?(.*)$/m.exec(text);
  if (found === null) throw notAnAnswer(text);
  return { at: Number(found[1]), detail: found[2] ?? '' };
}

/** `healed MS drill|timer|itself DETAIL`. @throws Error for anything else */
export function parseHealed(text: string): { at: number; by: HealedBy; detail: string } {
  const found = /^healed (\d+) (drill|timer|itself) ?(.*)$/m.exec(text);
  const by = HEALERS[found?.[2] ?? ''];
  if (found === null || by === undefined) throw notAnAnswer(text);
  return { at: Number(found[1]), by, detail: found[3] ?? '' };
}

/** `fault present=0|1 expired=0|1 DETAIL`. @throws Error for anything else */
export function parseSighting(text: string): FaultSighting {
  const found = /^fault present=([01]) expired=([01]) ?(.*)$/m.exec(text);
  if (found === null) throw notAnAnswer(text);
  return { present: found[1] === '1', expired: found[2] === '1', detail: found[3] ?? '' };
}

const notAnAnswer = (text: string): Error => new Error(`not an answer about a fault: ${text.slice(0, 200)}`);
