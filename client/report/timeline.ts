/** The course of a drill: what clients had, how long it took, and who was master, on one axis of time. */
import type { DrillRecord } from '../../core/drills/record.js';
import { lanesOf, type LaneRole } from '../../core/drills/lanes.js';
import { drawBoth, frame, INK, yAxis, type EChartsOption, type Size } from './draw.js';

interface Axis {
  /** The first fault, or the beginning. */
  zero: number;
  min: number;
  max: number;
  record: DrillRecord;
}

/** Each drawing with its heading, as HTML. */
export async function timeline(record: DrillRecord): Promise<string> {
  const axis = axisOf(record);
  const flows = record.ledger?.flows ?? [];
  const parts: string[] = [];
  if (flows.some(({ seconds }) => seconds.length > 0)) {
    const rates = await drawBoth((size) => throughput(axis, size), {
      label: 'messages a second over time',
      height: 250,
    });
    const times = await drawBoth((size) => latency(axis, size), { label: 'latency over time', height: 200 });
    parts.push(`<h3>Messages a second</h3>${rates}`, `<h3>Longest time of a message in each second, ms</h3>${times}`);
  } else parts.push('<p class="soft">There is no ledger to draw throughput from.</p>');
  if (record.samples.length > 0) {
    const height = 70 + Object.values(record.topology.groups).flat().length * 24;
    const roles = await drawBoth((size) => lanes(axis, size), { label: 'roles of the nodes over time', height });
    parts.push(`<h3>Who was what</h3>${roles}${KEY}`);
  } else parts.push('<p class="soft">No roles were recorded.</p>');
  return parts.join('\n');
}

const ROLES = ['master', 'slave', 'recovering', 'frozen', 'down'] as const;
const COLOUR: Record<LaneRole, string> = { ...INK, master: INK.good };
/** A master is the thickest also where colours are not told apart. */
const THICK: Record<LaneRole, number> = { master: 18, slave: 8, recovering: 12, frozen: 12, down: 3, unseen: 0 };
const KEY = `<p class="key">${ROLES.map((role) => `<span><i style="background:var(--${role === 'master' ? 'good' : role});height:${Math.round(THICK[role] * 0.7)}px"></i>${role}</span>`).join('')}<span>an empty lane: its host recorded nothing</span></p>`;

function axisOf(record: DrillRecord): Axis {
  const zero = record.injections[0]?.injectedAt ?? record.startedAt;
  const moments = [
    ...record.samples.map(({ at }) => at),
    ...(record.ledger?.flows ?? []).flatMap(({ seconds }) =>
      seconds.flatMap(({ at }) => [at, at + 1000 * rowSeconds(seconds)]),
    ),
    ...record.injections.flatMap(({ injectedAt, healedAt }) => [injectedAt, healedAt ?? injectedAt]),
  ];
  const [least, most] = moments.reduce(
    ([low, high], at) => [Math.min(low, at), Math.max(high, at)],
    [Infinity, -Infinity],
  );
  const [min, max] = Number.isFinite(least) ? [least, most] : [record.startedAt, record.endedAt];
  return { zero, min: (min - zero) / 1000, max: (max - zero) / 1000, record };
}

const xAxis = ({ min, max }: Axis): NonNullable<EChartsOption['xAxis']> => ({
  type: 'value',
  min,
  max,
  axisLabel: {
    color: INK.soft,
    formatter: (value: number) => `${Math.round(value * 10) / 10} s`,
    showMinLabel: false,
    showMaxLabel: false,
  },
  axisLine: { lineStyle: { color: INK.line } },
  splitLine: { show: false },
});

/** So many faults have room for words; more are numbered as in their table. */
const WORDED: Record<Size, number> = { wide: 7, narrow: 2 };

/** The window of each fault, and the end of each RTO. */
function marks({ zero, max, record }: Axis, { words }: { words: Size | null }) {
  const isNumbered = words !== null && record.injections.length > WORDED[words];
  const at = (moment: number): number => (moment - zero) / 1000;
  return {
    markArea: {
      silent: true,
      itemStyle: { color: INK.shade, opacity: 0.13 },
      label: { show: words !== null, color: INK.bad, position: 'insideTopLeft' as const, fontSize: 11 },
      data: record.injections.map(({ kind, targets, injectedAt, healedAt }, index): [object, object] => [
        { xAxis: at(injectedAt), name: isNumbered ? String(index + 1) : `${kind} ${targets.join(', ')}` },
        // A fault of an instant is still to be seen.
        { xAxis: Math.max(at(healedAt ?? zero + max * 1000), at(injectedAt) + max * 0.004) },
      ]),
    },
    markLine: {
      silent: true,
      symbol: 'none',
      lineStyle: { color: INK.bad, type: 'dashed' as const, width: 1.5 },
      label: { show: words !== null, color: INK.bad, formatter: '{b}', position: 'end' as const, fontSize: 11 },
      data: record.injections.flatMap(({ injectedAt, brokerRtoSeconds }) =>
        brokerRtoSeconds === null || brokerRtoSeconds === 0
          ? []
          : [
              {
                xAxis: at(injectedAt) + brokerRtoSeconds,
                name: `${isNumbered ? '' : 'RTO '}${brokerRtoSeconds.toFixed(1)} s`,
              },
            ],
      ),
    },
  };
}

type Value = 'acknowledged' | 'delivered' | 'sendMs' | 'deliveryMs';

/** Seconds that a row holds: of a long drill several. */
const rowSeconds = ([first, second]: readonly { at: number }[]): number =>
  first === undefined || second === undefined ? 1 : Math.max(1, (second.at - first.at) / 1000);

/** Of all flows together, by second: numbers are summed up, of times the longest counts. */
function series({ zero, record }: Axis, value: Value): [number, number | null][] {
  const isTime = value.endsWith('Ms');
  const sums = new Map<number, number>();
  for (const { seconds } of record.ledger?.flows ?? []) {
    const many = rowSeconds(seconds);
    for (const row of seconds)
      for (let at = row.at; at < row.at + many * 1000; at += 1000) {
        const old = sums.get(at) ?? 0;
        sums.set(at, isTime ? Math.max(old, row[value]) : old + row[value] / many);
      }
  }
  return [...sums].sort(([a], [b]) => a - b).map(([at, sum]) => [(at + 500 - zero) / 1000, sum]);
}

// Words are measured without their font here, so there is room for wider ones.
const legend = (size: Size) =>
  size === 'wide'
    ? { top: 0, right: 60, itemGap: 50, itemWidth: 14, textStyle: { color: INK.soft } }
    : { top: 0, right: 20, itemGap: 30, itemWidth: 10, textStyle: { color: INK.soft, fontSize: 11 } };
const line = (
  name: string,
  data: [number, number | null][],
  { color, dashed = false }: { color: string; dashed?: boolean },
) => ({
  name,
  type: 'line' as const,
  step: 'middle' as const,
  symbol: 'none',
  data,
  itemStyle: { color },
  lineStyle: { color, width: 2, type: dashed ? ('dashed' as const) : ('solid' as const) },
});

const throughput = (axis: Axis, size: Size): EChartsOption => ({
  grid: frame(size),
  legend: legend(size),
  xAxis: xAxis(axis),
  yAxis: yAxis('messages / s', size),
  series: [
    {
      ...line(size === 'wide' ? 'acknowledged to producers' : 'acknowledged', series(axis, 'acknowledged'), {
        color: INK.one,
      }),
      ...marks(axis, { words: size }),
    },
    line(size === 'wide' ? 'delivered to consumers' : 'delivered', series(axis, 'delivered'), {
      color: INK.two,
      dashed: true,
    }),
  ],
});

const latency = (axis: Axis, size: Size): EChartsOption => ({
  grid: { ...frame(size), top: 28 },
  legend: legend(size),
  xAxis: xAxis(axis),
  // A takeover is a thousand times what a message takes.
  yAxis: { ...yAxis('ms (log)', size), type: 'log', min: 1 } as NonNullable<EChartsOption['yAxis']>,
  series: [
    {
      ...line(size === 'wide' ? 'send to acknowledgement' : 'acknowledgement', positive(series(axis, 'sendMs')), {
        color: INK.one,
      }),
      ...marks(axis, { words: null }),
    },
    line(size === 'wide' ? 'send to delivery' : 'delivery', positive(series(axis, 'deliveryMs')), {
      color: INK.two,
      dashed: true,
    }),
  ],
});

/** A second in which nothing ended has no latency. */
const positive = (points: [number, number | null][]): [number, number | null][] =>
  points.map(([at, ms]) => [at, ms === null || ms <= 0 ? null : Math.max(1, ms)]);

function lanes(axis: Axis, size: Size): EChartsOption {
  const { record, zero } = axis;
  const found = lanesOf(record.samples);
  const nodes = Object.entries(record.topology.groups).flatMap(([group, members]) =>
    members.map(({ node }) => ({ node, label: size === 'wide' ? `${node} ${group}` : node })),
  );
  const data = nodes.flatMap(({ node }, index) =>
    (found.get(node) ?? []).map(({ role, from, to }) => ({
      value: [(from - zero) / 1000, (to - zero) / 1000, index, THICK[role]],
      itemStyle: { color: COLOUR[role] },
    })),
  );
  return {
    grid: { ...frame(size), top: 8 },
    xAxis: xAxis(axis),
    yAxis: {
      type: 'category',
      inverse: true,
      data: nodes.map(({ label }) => label),
      axisLabel: { color: INK.text, interval: 0, width: frame(size).left - 12, overflow: 'truncate' },
      axisLine: { show: false },
      axisTick: { show: false },
    },
    series: [
      {
        type: 'custom',
        renderItem: (_params, api) => {
          const [x = 0, y = 0] = api.coord([api.value(0), api.value(2)]);
          const [end = 0] = api.coord([api.value(1), api.value(2)]);
          const fill = api.visual('color');
          const thick = Number(api.value(3));
          return {
            type: 'rect',
            shape: { x, y: y - thick / 2, width: Math.max(1, end - x), height: thick },
            style: { fill: typeof fill === 'string' ? fill : INK.down },
          };
        },
        encode: { x: [0, 1], y: 2 },
        data,
        ...marks(axis, { words: null }),
      },
    ],
  };
}
