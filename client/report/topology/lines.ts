/** The words in the boxes of the drawing, cut to the room there is: nothing measures fonts here. Pure. */
import type { LaneRole } from '../../../core/drills/lanes.js';
import type { Mark } from './marks.js';
import type { Band, Item } from './sketch.js';

export const LINE = 17;
/** Of the small words, and of titles: a little wider than most letters are. */
const SMALL = 6.5;
const BOLD = 8;

export interface Line {
  style: 'title' | 'role' | 'soft' | 'mark' | 'store' | 'hit-store';
  text: string;
  /** Before it was cut. */
  whole: string;
  role?: LaneRole;
}

/** A sign stands before a role, a store and a mark. */
const SIGN = 16;

function line(style: Line['style'], whole: string, room: number): Line {
  const sign = style === 'title' || style === 'soft' ? 0 : SIGN;
  const most = Math.max(3, Math.floor((room - sign) / (style === 'title' ? BOLD : SMALL)));
  return { style, whole, text: whole.length <= most ? whole : `${whole.slice(0, most - 1)}…` };
}

/** As many lines as its words need; those after the first one are plain. */
function wrapped(style: Line['style'], words: string, room: number): Line[] {
  const rows: string[] = [];
  for (const word of words.split(' ')) {
    const last = rows.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= (room - SIGN) / SMALL)
      rows[rows.length - 1] = `${last} ${word}`;
    else rows.push(word);
  }
  return rows.map((row, index) => line(index === 0 ? style : 'soft', row, room));
}

/** @param many Whether there is more than one injection to tell apart. */
export const markLines = (marks: readonly Mark[], { room, many }: { room: number; many: boolean }): Line[] =>
  marks.map(({ numbers, words }) => {
    const some = numbers.length > 3 ? `${numbers.slice(0, 2).join(', ')}, … ${numbers.at(-1)}` : numbers.join(', ');
    return line('mark', many ? `${some}: ${words}` : words, room);
  });

export interface Room {
  room: number;
  many: boolean;
}

export function itemLines({ title, roles, engine, marks }: Item, space: Room): Line[] {
  const { room } = space;
  const lines = [line('title', title, room)];
  if (engine !== null) lines.push(line('soft', engine, room));
  const { before, after } = roles ?? { before: null, after: null };
  if (before !== null) lines.push({ ...line('role', before, room), role: before });
  if (after !== null && after !== before) lines.push({ ...line('role', `→ ${after}`, room), role: after });
  return [...lines, ...markLines(marks, space)];
}

export function bandLines({ title, kind, store, marks }: Band, space: Room): Line[] {
  const { room } = space;
  return [
    line('title', title, room),
    ...(kind === 'group' ? [] : [line('soft', kind, room)]),
    ...(store === null ? [] : wrapped(store.marks.length > 0 ? 'hit-store' : 'store', store.words, room)),
    ...markLines([...(store?.marks ?? []), ...marks], space),
  ];
}
