/**
 * Where everything of a sketch is drawn: a band a group or service, from top to bottom; hosts side by side in their band,
 * or, where groups share hosts, as columns through all bands; clients at the left, bridges in lanes at the right. Pure.
 */
import { bandLines, itemLines, LINE, markLines, type Line } from './lines.js';
import { lanesWidth, placeLinks, type PlacedLink } from './links.js';
import type { Band, Item, Sketch, SketchHost, Stream } from './sketch.js';

export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

/** Something with words in it. */
export interface Placed {
  box: Box;
  lines: Line[];
  isHit: boolean;
}

export interface PlacedStream {
  stream: Stream;
  y: number;
  from: number;
  to: number;
}

export interface Layout {
  width: number;
  height: number;
  /** Narrow drawings leave words out of arrows. */
  isNarrow: boolean;
  clients: Box | null;
  bands: (Placed & { kind: Band['kind'] })[];
  hosts: Placed[];
  items: (Placed & { isServer: boolean })[];
  streams: PlacedStream[];
  links: PlacedLink[];
}

const WIDE = { clients: 26, arrow: 150, title: 150, hostMin: 150, itemMin: 128, stream: 36 };
const NARROW = { clients: 18, arrow: 46, title: 80, hostMin: 92, itemMin: 78, stream: 24 };
type Metrics = typeof WIDE;

const PAD = 8;
const GAP = 12;
/** Below this a drawing is for a phone. */
const NARROW_BELOW = 700;

/** At least as wide as everything in it needs. */
export function layOut(sketch: Sketch, { width: wanted, many }: { width: number; many: boolean }): Layout {
  const isNarrow = wanted < NARROW_BELOW;
  const metrics = isNarrow ? NARROW : WIDE;
  const { bands, hosts, streams } = sketch;
  const left = streams.length === 0 ? 0 : metrics.clients + metrics.arrow;
  const lanes = lanesWidth(sketch, isNarrow);
  const isGrid = !hosts.every(({ name }) => bands.filter(({ on }) => on.has(name)).length === 1);
  const most = isGrid ? hosts.length : Math.max(1, ...bands.map(({ on }) => on.size));
  const fixed = left + metrics.title + lanes + PAD;
  const width = Math.max(wanted, fixed + most * (metrics.hostMin + GAP));
  const right = width - lanes;
  const draft: Draft = { metrics, many, left, inner: left + metrics.title, right, isGrid };
  const columns = isGrid ? columnsOf(hosts, draft) : null;
  const layout: Layout = {
    width,
    height: 0,
    isNarrow,
    clients: null,
    bands: [],
    hosts: [],
    items: [],
    streams: [],
    links: [],
  };
  const head = columns === null ? 0 : Math.max(...columns.map(({ lines }) => lines.length)) * LINE + PAD;
  let y = head;
  const rows: Box[] = [];
  for (const band of bands) {
    const own =
      columns ??
      columnsOf(
        hosts.filter(({ name }) => band.on.has(name)),
        draft,
      );
    const box = placeBand(layout, { band, y, own, sketch, draft });
    rows.push(box);
    y += box.h + GAP;
  }
  const bottom = y - GAP + (columns === null ? 0 : PAD);
  for (const { box, lines, isHit } of columns ?? [])
    layout.hosts.push({ box: { ...box, y: 0, h: bottom }, lines, isHit });
  layout.height = bottom;
  if (streams.length > 0) layout.clients = { x: 1, y: head, w: metrics.clients, h: y - GAP - head };
  layout.links = placeLinks(sketch, { rows, right, isNarrow });
  return layout;
}

interface Draft {
  metrics: Metrics;
  many: boolean;
  left: number;
  /** Where hosts begin, and where bands end. */
  inner: number;
  right: number;
  isGrid: boolean;
}

interface Column extends Placed {
  name: string;
}

/** Hosts side by side; their height is not known yet. */
function columnsOf(hosts: readonly SketchHost[], { inner, right, many }: Draft): Column[] {
  const w = (right - inner - PAD) / Math.max(1, hosts.length) - (hosts.length > 1 ? GAP * (1 - 1 / hosts.length) : 0);
  return hosts.map(({ name, marks }, index) => {
    const room = w - 2 * PAD;
    const [title] = itemLines({ title: name, roles: null, engine: null, marks: [] }, { room, many });
    return {
      name,
      box: { x: inner + index * (w + GAP), y: 0, w, h: 0 },
      lines: [...(title === undefined ? [] : [title]), ...markLines(marks, { room, many })],
      isHit: marks.length > 0,
    };
  });
}

interface Placing {
  band: Band;
  y: number;
  own: readonly Column[];
  sketch: Sketch;
  draft: Draft;
}

function placeBand(layout: Layout, { band, y, own, sketch, draft }: Placing): Box {
  const { metrics, left, right, isGrid, many } = draft;
  const lines = bandLines(band, { room: metrics.title - 2 * PAD, many });
  const header = isGrid ? 0 : Math.max(0, ...own.map((column) => column.lines.length)) * LINE + PAD;
  const cells = own.map((column) => placeItems(band.on.get(column.name) ?? [], { column, y: y + header + PAD, draft }));
  const streams = sketch.streams.filter((stream) => stream.band === band.key);
  const ends = sketch.links.filter(({ from, to }) => from === band.key || to === band.key).length;
  const filled = Math.max(0, ...cells.map(({ height }) => height));
  const inside = header + filled + 2 * PAD + (isGrid ? 0 : PAD);
  const h = Math.max(inside, lines.length * LINE + 2 * PAD, streams.length * metrics.stream + PAD, ends * 20 + PAD);
  const box = { x: left, y, w: right - left, h };
  layout.bands.push({ box, lines, kind: band.kind, isHit: band.marks.length > 0 });
  if (!isGrid)
    for (const { box: column, lines: words, isHit } of own)
      layout.hosts.push({ box: { ...column, y: y + PAD, h: h - 2 * PAD }, lines: words, isHit });
  layout.items.push(...cells.flatMap(({ items }) => items));
  for (const [index, stream] of streams.entries()) {
    const at = y + ((index + 0.5) * h) / streams.length;
    const [outer, edge] = [metrics.clients + 2, left - 1];
    layout.streams.push({
      stream,
      y: at,
      from: stream.way === 'in' ? outer : edge,
      to: stream.way === 'in' ? edge : outer,
    });
  }
  return box;
}

/** As many in a row as fit, all of one height. */
function placeItems(items: readonly Item[], { column, y, draft }: { column: Column; y: number; draft: Draft }) {
  const { metrics, many } = draft;
  const room = column.box.w - 2 * PAD;
  const across = Math.max(1, Math.min(items.length, Math.floor((room + PAD) / (metrics.itemMin + PAD))));
  const w = (room - (across - 1) * PAD) / across;
  const worded = items.map((item) => ({ item, lines: itemLines(item, { room: w - 2 * PAD, many }) }));
  const h = Math.max(0, ...worded.map(({ lines }) => lines.length)) * LINE + PAD;
  const placed = worded.map(({ item, lines }, index): Layout['items'][number] => ({
    box: { x: column.box.x + PAD + (index % across) * (w + PAD), y: y + Math.floor(index / across) * (h + PAD), w, h },
    lines,
    isHit: item.marks.length > 0,
    isServer: item.roles === null,
  }));
  const rows = Math.ceil(items.length / across);
  return { items: placed, height: rows === 0 ? 0 : rows * (h + PAD) - PAD };
}
