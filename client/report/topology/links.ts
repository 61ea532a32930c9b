/** Bridges, and the ways to databases and ensembles, as lines in lanes at the right of the bands. Pure. */
import type { Box } from './layout.js';
import type { Band, Link, Sketch } from './sketch.js';

export interface PlacedLink {
  link: Link;
  /** Where it leaves its bands. */
  edge: number;
  lane: number;
  fromY: number;
  toY: number;
}

/** From the bands to the first lane, and from lane to lane. */
const roomOf = (isNarrow: boolean) => (isNarrow ? { first: 22, lane: 24 } : { first: 34, lane: 30 });

interface Span {
  link: Link;
  /** Rows. */
  from: number;
  to: number;
  lane: number;
}

/** The shortest nearest to the bands; two that pass the same rows are in lanes of their own. */
function spansOf(bands: readonly Band[], links: readonly Link[]): Span[] {
  const row = (key: string): number => bands.findIndex((band) => band.key === key);
  const spans = links
    .map((link): Span => ({ link, from: row(link.from), to: row(link.to), lane: 0 }))
    .filter(({ from, to }) => from >= 0 && to >= 0 && from !== to)
    .sort((a, b) => Math.abs(a.from - a.to) - Math.abs(b.from - b.to));
  for (const [index, span] of spans.entries()) {
    const before = spans.slice(0, index).filter((other) => overlap(span, other));
    while (before.some(({ lane }) => lane === span.lane)) span.lane++;
  }
  return spans;
}

const overlap = (a: Span, b: Span): boolean =>
  Math.max(Math.min(a.from, a.to), Math.min(b.from, b.to)) < Math.min(Math.max(a.from, a.to), Math.max(b.from, b.to));

export function placeLinks(
  { bands, links }: Sketch,
  { rows, right, isNarrow }: { rows: readonly Box[]; right: number; isNarrow: boolean },
): PlacedLink[] {
  const room = roomOf(isNarrow);
  const spans = spansOf(bands, links);
  const y = new Map<Span, [number, number]>(spans.map((span) => [span, [0, 0]]));
  for (const [row, { y: top, h }] of rows.entries()) {
    const here = spans
      .filter(({ from, to }) => from === row || to === row)
      .sort((a, b) => order(a, row) - order(b, row));
    for (const [index, span] of here.entries()) {
      const ends = y.get(span);
      if (ends !== undefined) ends[span.from === row ? 0 : 1] = top + ((index + 1) * h) / (here.length + 1);
    }
  }
  return spans.map((span) => {
    const [fromY, toY] = y.get(span) ?? [0, 0];
    return { link: span.link, edge: right, lane: right + room.first + span.lane * room.lane, fromY, toY };
  });
}

/** Those that go up are above those that go down, and the outer ones between them: so none crosses another needlessly. */
function order({ from, to, lane }: Span, row: number): number {
  const other = from === row ? to : from;
  return other < row ? lane : 1000 - lane;
}

/** What all lanes need at the right. */
export function lanesWidth({ bands, links }: Sketch, isNarrow: boolean): number {
  const { first, lane: each } = roomOf(isNarrow);
  const lanes = spansOf(bands, links).map(({ lane }) => lane + 1);
  return lanes.length === 0 ? 2 : first + Math.max(...lanes) * each;
}
