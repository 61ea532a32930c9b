/** The drawing of a cluster as SVG. What was broken is told by hatching, a cross and words, not by colour alone. Pure. */
import type { LaneRole } from '../../../core/drills/lanes.js';
import { escape } from '../page.js';
import type { Box, Layout, Placed, PlacedStream } from './layout.js';
import { LINE, type Line } from './lines.js';
import type { PlacedLink } from './links.js';

type Attributes = Record<string, string | number>;

function tag(name: string, attributes: Attributes, inside = ''): string {
  const words = Object.entries(attributes).map(
    ([key, value]) => `${key}="${typeof value === 'number' ? String(Math.round(value * 10) / 10) : escape(value)}"`,
  );
  return inside === '' ? `<${name} ${words.join(' ')}/>` : `<${name} ${words.join(' ')}>${inside}</${name}>`;
}

/** @param id Unique on its page. @param label What it shows, for who does not see it. */
export function drawLayout(layout: Layout, { id, label }: { id: string; label: string }): string {
  const hatch = `url(#${id}-hatch)`;
  const parts = [
    defs(id),
    ...layout.bands.map((band) => bandBox(band, hatch)),
    ...layout.hosts.map((host) => hostBox(host, hatch)),
    ...layout.items.map((item) => itemBox(item, hatch)),
    ...layout.links.map((link) => linkLine(link, id)),
    ...(layout.clients === null ? [] : [clientsBox(layout.clients)]),
    ...layout.streams.map((stream) => streamLine(stream, { id, isNarrow: layout.isNarrow })),
  ];
  return tag(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      role: 'img',
      'aria-label': label,
      viewBox: `-1 -1 ${layout.width + 2} ${Math.ceil(layout.height) + 2}`,
      // Smaller than this it would not be read: then it is scrolled.
      style: `min-width: ${Math.round(layout.width * 0.87)}px`,
    },
    parts.join('\n'),
  );
}

function defs(id: string): string {
  const stripe = tag('path', { d: 'M0 8 8 0', stroke: 'var(--bad)', 'stroke-width': 1.4, 'stroke-opacity': 0.55 });
  const hatch = { id: `${id}-hatch`, width: 8, height: 8, patternUnits: 'userSpaceOnUse' };
  const arrow = (name: string, ink: string): string =>
    tag(
      'marker',
      {
        id: `${id}-${name}`,
        viewBox: '0 0 10 10',
        refX: 9,
        refY: 5,
        markerWidth: 9,
        markerHeight: 9,
        orient: 'auto-start-reverse',
        markerUnits: 'userSpaceOnUse',
      },
      tag('path', { d: 'M0 0 10 5 0 10z', fill: ink }),
    );
  return `<defs>${tag('pattern', hatch, stripe)}${arrow('bridge', 'var(--text)')}${arrow('stream', 'var(--one)')}${arrow('cut', 'var(--bad)')}</defs>`;
}

const rect = ({ x, y, w, h }: Box, attributes: Attributes): string =>
  tag('rect', { x, y, width: w, height: h, ...attributes });

/** Hatched and with a thick edge, where something was broken. */
function frame(box: Box, { isHit, hatch, plain }: { isHit: boolean; hatch: string; plain: Attributes }): string {
  if (!isHit) return rect(box, plain);
  const bad = { ...plain, stroke: 'var(--bad)', 'stroke-width': 2.5, 'stroke-dasharray': 'none' };
  return rect(box, bad) + rect(box, { rx: plain['rx'] ?? 0, fill: hatch });
}

function bandBox({ box, lines, kind, isHit }: Layout['bands'][number], hatch: string): string {
  const ink = kind === 'group' ? 'var(--one)' : 'var(--down)';
  const plain = { rx: 10, fill: ink, 'fill-opacity': 0.1, stroke: ink, 'stroke-opacity': 0.6 };
  return frame(box, { isHit, hatch, plain }) + words(lines, { x: box.x + 10, y: box.y + 8 });
}

function hostBox({ box, lines, isHit }: Placed, hatch: string): string {
  const plain = { rx: 7, fill: 'var(--back)', 'fill-opacity': 0.45, stroke: 'var(--soft)', 'stroke-width': 1.2 };
  return frame(box, { isHit, hatch, plain }) + words(lines, { x: box.x + 8, y: box.y + 5 });
}

function itemBox({ box, lines, isHit, isServer }: Layout['items'][number], hatch: string): string {
  const dashes: Attributes = isServer ? { 'stroke-dasharray': '4 3' } : {};
  const plain = { rx: 5, fill: 'var(--back)', stroke: 'var(--soft)', ...dashes };
  return frame(box, { isHit, hatch, plain }) + words(lines, { x: box.x + 8, y: box.y + 4 });
}

const STYLES: Record<Line['style'], Attributes> = {
  title: { 'font-weight': 700, 'font-size': 13, fill: 'var(--text)' },
  role: { 'font-size': 12, fill: 'var(--text)' },
  soft: { 'font-size': 12, fill: 'var(--soft)' },
  mark: { 'font-weight': 700, 'font-size': 12, fill: 'var(--bad)' },
  store: { 'font-size': 12, fill: 'var(--soft)' },
  'hit-store': { 'font-weight': 700, 'font-size': 12, fill: 'var(--bad)' },
};

/** Words stand out of what is hatched behind them. */
const HALO = { 'paint-order': 'stroke', stroke: 'var(--back)', 'stroke-width': 3, 'stroke-linejoin': 'round' };

const text = (shown: string, attributes: Attributes, whole = shown): string =>
  tag('text', { ...HALO, ...attributes }, escape(shown) + (whole === shown ? '' : `<title>${escape(whole)}</title>`));

function words(lines: readonly Line[], { x, y }: { x: number; y: number }): string {
  return lines
    .map(({ style, text: shown, whole, role }, index) => {
      const top = y + index * LINE;
      const centre = { x: x + 5, y: top + LINE / 2 };
      const sign = role === undefined ? (SIGNS[style]?.(centre) ?? '') : ROLE_SIGNS[role](centre);
      return sign + text(shown, { x: x + (sign === '' ? 0 : 16), y: top + 13, ...STYLES[style] }, whole);
    })
    .join('');
}

interface Point {
  x: number;
  y: number;
}

function cross({ x, y }: Point): string {
  const d = `M${x - 4} ${y - 4}l8 8m0-8l-8 8`;
  const line = { d, fill: 'none', 'stroke-linecap': 'round' };
  return (
    tag('path', { ...line, stroke: 'var(--back)', 'stroke-width': 6 }) +
    tag('path', { ...line, stroke: 'var(--bad)', 'stroke-width': 3 })
  );
}

const round = ({ x, y }: Point, attributes: Attributes): string =>
  tag('circle', { cx: x, cy: y, r: 4.5, ...attributes });
const ring = (at: Point, ink: string): string => round(at, { fill: 'var(--back)', stroke: ink, 'stroke-width': 2 });

/** What stores stand for: a drum, as everywhere. */
function drum({ x, y }: Point, ink: Attributes): string {
  const d = `M${x - 5} ${y - 4}v8c0 3 10 3 10 0v-8c0-3-10-3-10 0c0 3 10 3 10 0`;
  return tag('path', { d, fill: 'var(--back)', ...ink });
}

const SIGNS: Partial<Record<Line['style'], (at: Point) => string>> = {
  mark: cross,
  store: (at) => drum(at, { stroke: 'var(--soft)', 'stroke-width': 1.3 }),
  'hit-store': (at) => drum(at, { stroke: 'var(--bad)', 'stroke-width': 2.4 }),
};

/** Each of another shape. */
const ROLE_SIGNS: Record<LaneRole, (at: Point) => string> = {
  master: (at) => round(at, { fill: 'var(--good)', stroke: 'var(--good)', 'stroke-width': 2 }),
  slave: (at) => ring(at, 'var(--one)'),
  recovering: ({ x, y }) =>
    ring({ x, y }, 'var(--recovering)') +
    tag('path', { d: `M${x} ${y - 4}a4 4 0 0 1 0 8z`, fill: 'var(--recovering)' }),
  frozen: ({ x, y }) => tag('path', { d: `M${x - 3} ${y - 5}v10m6-10v10`, stroke: 'var(--frozen)', 'stroke-width': 3 }),
  down: ({ x, y }) => tag('path', { d: `M${x - 5} ${y}h10`, stroke: 'var(--soft)', 'stroke-width': 3 }),
  unseen: (at) => round(at, { fill: 'var(--back)', stroke: 'var(--soft)', 'stroke-dasharray': '2 2' }),
};

/** From band to lane to band, its name along it. */
function linkLine({ link, edge, lane, fromY, toY }: PlacedLink, id: string): string {
  const isHit = link.marks.length > 0;
  const bend = (fromY < toY ? 1 : -1) * 8;
  const middle = (fromY + toY) / 2;
  const path = `M${edge} ${fromY}H${lane - 8}q8 0 8 ${bend}V${toY - bend}q0 ${bend} -8 ${bend}H${edge}`;
  const name = [link.name, ...link.marks.map((mark) => mark.words)].filter((word) => word !== '').join(' · ');
  const most = Math.max(4, Math.floor(Math.abs(toY - fromY) / 7));
  const shown = name.length <= most ? name : `${name.slice(0, most - 1)}…`;
  const turned = { x: lane + 14, y: middle, 'text-anchor': 'middle', transform: `rotate(90 ${lane + 10} ${middle})` };
  const label = shown === '' ? '' : text(shown, { ...turned, ...STYLES[isHit ? 'mark' : 'soft'] }, name);
  if (link.kind === 'store')
    return (
      tag('path', {
        d: path,
        fill: 'none',
        stroke: 'var(--soft)',
        'stroke-width': 1.5,
        'stroke-dasharray': '1.5 4',
        'stroke-linecap': 'round',
      }) + label
    );
  const head = `url(#${id}-${isHit ? 'cut' : 'bridge'})`;
  const heads: Attributes = { 'marker-end': head, ...(link.duplex === true ? { 'marker-start': head } : {}) };
  const ink: Attributes = isHit
    ? { stroke: 'var(--bad)', 'stroke-width': 2.5, 'stroke-dasharray': '7 5' }
    : { stroke: 'var(--text)', 'stroke-width': 1.8 };
  return (
    tag('path', { d: path, fill: 'none', ...ink, ...heads }) + (isHit ? cross({ x: lane, y: middle }) : '') + label
  );
}

function clientsBox(box: Box): string {
  const [x, y] = [box.x + box.w / 2, box.y + box.h / 2];
  const turned = { x, y: y + 4, 'text-anchor': 'middle', transform: `rotate(-90 ${x} ${y})` };
  return (
    rect(box, { rx: 5, fill: 'var(--back)', stroke: 'var(--one)' }) + text('clients', { ...turned, ...STYLES.title })
  );
}

const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ' ');

function streamLine(
  { stream, y, from, to }: PlacedStream,
  { id, isNarrow }: { id: string; isNarrow: boolean },
): string {
  const { way, flow, count, lost } = stream;
  const middle = (from + to) / 2;
  const said = isNarrow ? grouped(count) : `${grouped(count)} ${way === 'in' ? 'acknowledged' : 'delivered'}`;
  const centred = { x: middle, 'text-anchor': 'middle' };
  const line = {
    d: `M${from} ${y}H${to}`,
    fill: 'none',
    stroke: 'var(--one)',
    'stroke-width': 1.5,
    'marker-end': `url(#${id}-stream)`,
  };
  const loss = lost === 0 ? null : `${grouped(lost)} lost`;
  const below = isNarrow ? loss : (loss ?? (flow.length > 21 ? `${flow.slice(0, 20)}…` : flow));
  return [
    tag('path', line),
    text(said, { ...centred, y: y - 5, ...STYLES.soft, 'font-size': isNarrow ? 11 : 12 }, `${said}, ${flow}`),
    below === null
      ? ''
      : text(below, { ...centred, y: y + 14, ...STYLES[loss === null ? 'soft' : 'mark'], 'font-size': 11 }, flow),
  ].join('');
}
