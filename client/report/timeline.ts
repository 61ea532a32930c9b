/** The course of a drill: what clients had, how long it took, and who was master, on one axis of time. */
import type { DrillRecord } from '../../core/drills/record.js';
import { lanesOf, type LaneRole } from '../../core/drills/lanes.js';
import { draw, frame, INK, yAxis, type EChartsOption } from './draw.js';

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
    parts.push(
      `<h3>Messages a second</h3>${await draw(throughput(axis), { label: 'messages a second over time', height: 230 })}`,
    );
    parts.push(
      `<h3>Longest time of a message in each second</h3>${await draw(latency(axis), { label: 'latency over time', height: 200 })}`,
    );
  } else parts.push('<p class="soft">There is no ledger to draw throughput from.</p>');
  if (record.samples.length > 0) {
    const height = 70 + Object.values(record.topology.groups).flat().length * 24;
    parts.push(
      `<h3>Who was what</h3>${await draw(lanes(axis), { label: 'roles of the nodes over time', height })}${KEY}`,
    );
  } else parts.push('<p class="soft">No roles were recorded.</p>');
  return parts.join('\n');
}

const ROLES = ['master', 'slave', 'recovering', 'frozen', 'down'] as const;
const COLOUR: Record<LaneRole, string> = { ...INK, master: INK.good };
const KEY = `<p class="key">${ROLES.map((role) => `<span><i style="background:var(--${role === 'master' ? 'good' : role})"></i>${role}</span>`).join('')}<span>an empty lane: its host recorded nothing</span></p>`;

function axisOf(record: DrillRecord): Axis {
  const zero = record.injections[0]?.injectedAt ?? record.startedAt;
  const moments = [
    ...record.samples.map(({ at }) => at),
    ...(record.ledger?.flows ?? []).flatMap(({ seconds }) => seconds.flatMap(({ at }) => [at, at + 1000])),
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

/** The window of each fault, and the end of each RTO. */
function marks({ zero, max, record }: Axis, { words }: { words: boolean }) {
  const at = (moment: number): number => (moment - zero) / 1000;
  return {
    markArea: {
      silent: true,
      itemStyle: { color: INK.shade, opacity: 0.13 },
      label: { show: words, color: INK.bad, position: 'insideTopLeft' as const, fontSize: 11 },
      data: record.injections.map(({ kind, targets, injectedAt, healedAt }): [object, object] => [
        { xAxis: at(injectedAt), name: `${kind} ${targets.join(', ')}` },
        // A fault of an instant is still to be seen.
        { xAxis: Math.max(at(healedAt ?? zero + max * 1000), at(injectedAt) + max * 0.004) },
      ]),
    },
    markLine: {
      silent: true,
      symbol: 'none',
      lineStyle: { color: INK.bad, type: 'dashed' as const, width: 1.5 },
      label: { show: words, color: INK.bad, formatter: '{b}', position: 'end' as const, fontSize: 11 },
      data: record.injections.flatMap(({ injectedAt, brokerRtoSeconds }) =>
        brokerRtoSeconds === null || brokerRtoSeconds === 0
          ? []
          : [{ xAxis: at(injectedAt) + brokerRtoSeconds, name: `RTO ${brokerRtoSeconds.toFixed(1)} s` }],
      ),
    },
  };
}

type Value = 'acknowledged' | 'delivered' | 'sendMs' | 'deliveryMs';

/** Of all flows together: numbers are summed up, of times the longest counts. */
function series({ zero, record }: Axis, value: Value): [number, number | null][] {
  const sums = new Map<number, number>();
  for (const flow of record.ledger?.flows ?? [])
    for (const row of flow.seconds) {
      const old = sums.get(row.at) ?? 0;
      sums.set(row.at, value.endsWith('Ms') ? Math.max(old, row[value]) : old + row[value]);
    }
  return [...sums].sort(([a], [b]) => a - b).map(([at, sum]) => [(at + 500 - zero) / 1000, sum]);
}

// Words are measured without their font here, so there is room for wider ones.
const legend = { top: 0, right: 60, itemGap: 50, itemWidth: 14, textStyle: { color: INK.soft } };
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

const throughput = (axis: Axis): EChartsOption => ({
  grid: frame,
  legend,
  xAxis: xAxis(axis),
  yAxis: yAxis('messages / s'),
  series: [
    {
      ...line('acknowledged to producers', series(axis, 'acknowledged'), { color: INK.one }),
      ...marks(axis, { words: true }),
    },
    line('delivered to consumers', series(axis, 'delivered'), { color: INK.two, dashed: true }),
  ],
});

const latency = (axis: Axis): EChartsOption => ({
  grid: frame,
  legend,
  xAxis: xAxis(axis),
  // A takeover is a thousand times what a message takes.
  yAxis: { ...yAxis('ms (log)'), type: 'log', min: 1 } as NonNullable<EChartsOption['yAxis']>,
  series: [
    {
      ...line('send to acknowledgement', positive(series(axis, 'sendMs')), { color: INK.one }),
      ...marks(axis, { words: false }),
    },
    line('send to delivery', positive(series(axis, 'deliveryMs')), { color: INK.two, dashed: true }),
  ],
});

/** A second in which nothing ended has no latency. */
const positive = (points: [number, number | null][]): [number, number | null][] =>
  points.map(([at, ms]) => [at, ms === null || ms <= 0 ? null : Math.max(1, ms)]);

function lanes(axis: Axis): EChartsOption {
  const { record, zero } = axis;
  const found = lanesOf(record.samples);
  const nodes = Object.entries(record.topology.groups).flatMap(([group, members]) =>
    members.map(({ node }) => ({ node, label: `${node} (${group})` })),
  );
  const data = nodes.flatMap(({ node }, index) =>
    (found.get(node) ?? []).map(({ role, from, to }) => ({
      value: [(from - zero) / 1000, (to - zero) / 1000, index],
      itemStyle: { color: COLOUR[role] },
    })),
  );
  return {
    grid: { ...frame, top: 8 },
    xAxis: xAxis(axis),
    yAxis: {
      type: 'category',
      inverse: true,
      data: nodes.map(({ label }) => (label.length > 12 ? (label.split(' ')[0] ?? label) : label)),
      axisLabel: { color: INK.text, interval: 0, width: frame.left - 12, overflow: 'truncate' },
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
          return {
            type: 'rect',
            shape: { x, y: y - 8, width: Math.max(1, end - x), height: 16 },
            style: { fill: typeof fill === 'string' ? fill : INK.down },
          };
        },
        encode: { x: [0, 1], y: 2 },
        data,
        ...marks(axis, { words: false }),
      },
    ],
  };
}
