/** The RTO of one scenario over all its drills, drawn. */
import type { HistoryRow, Trend } from '../../core/drills/history.js';
import { drawBoth, frame, INK, yAxis, type EChartsOption, type Size } from './draw.js';

type Verdict = HistoryRow['verdict'];

const CROSS = 'path://M2 0L5 3L8 0L10 2L7 5L10 8L8 10L5 7L2 10L0 8L3 5L0 2Z';

/** Told apart by shape as well as by colour. */
const LOOKS: Record<Verdict, { symbol: string; symbolSize: number; ink: string }> = {
  passed: { symbol: 'circle', symbolSize: 9, ink: INK.good },
  failed: { symbol: CROSS, symbolSize: 13, ink: INK.bad },
  inconclusive: { symbol: 'triangle', symbolSize: 10, ink: INK.warn },
  skipped: { symbol: 'rect', symbolSize: 7, ink: INK.soft },
};

export const TREND_KEY = `<p class="key"><span><b class="held">●</b> passed</span><span><b class="broken">✖</b> failed</span><span><b class="unknown">▲</b> inconclusive</span><span><b>■</b> skipped</span><span>on the axis: no RTO was measured</span></p>`;

/** Null where there is nothing to compare. */
export async function trendDrawing(trend: Trend): Promise<string | null> {
  if (trend.rows.filter(({ rtoSeconds }) => rtoSeconds !== null).length < 2) return null;
  return drawBoth((size) => trendOption(trend, size), {
    label: `RTO of ${trend.scenario} over ${trend.rows.length} drills`,
    height: 230,
  });
}

function trendOption({ rows, medianSeconds, regression }: Trend, size: Size): EChartsOption {
  const last = rows.findLastIndex(({ verdict }) => verdict !== 'skipped');
  const point = (row: HistoryRow, index: number) => {
    const { symbol, symbolSize, ink } = LOOKS[row.verdict];
    const isWorse = regression !== null && index === last;
    const label = {
      show: isWorse,
      formatter: `regression: ${seconds(row.rtoSeconds)}`,
      position: 'top' as const,
      align: 'right' as const,
    };
    return {
      symbol,
      symbolSize: (isWorse ? 1.6 : 1) * (size === 'wide' ? symbolSize : symbolSize * 0.7),
      itemStyle: { color: isWorse ? INK.bad : ink },
      label: { ...label, color: INK.bad, fontWeight: 'bold' as const },
    };
  };
  const median =
    medianSeconds === null
      ? {}
      : {
          markLine: {
            symbol: 'none',
            silent: true,
            lineStyle: { color: INK.soft, type: 'dashed' as const },
            label: {
              color: INK.soft,
              formatter: `median ${seconds(medianSeconds)}`,
              position: 'insideStartTop' as const,
            },
            data: [{ yAxis: medianSeconds }],
          },
        };
  return {
    grid: { ...frame(size), left: 54, top: 28 },
    xAxis: {
      type: 'category',
      data: rows.map(({ startedAt }) => new Date(startedAt).toISOString().slice(5, 10)),
      axisLabel: { color: INK.soft, hideOverlap: true },
      axisLine: { lineStyle: { color: INK.line } },
      axisTick: { show: false },
    },
    yAxis: yAxis('RTO, s', size),
    series: [
      {
        type: 'line',
        connectNulls: true,
        showAllSymbol: true,
        lineStyle: { color: INK.one, width: 1.5 },
        data: rows.map((row, index) => ({ value: row.rtoSeconds ?? '-', ...point(row, index) })),
        ...median,
      },
      {
        type: 'scatter',
        data: rows.map((row, index) => ({ value: row.rtoSeconds === null ? 0 : '-', ...point(row, index) })),
      },
    ],
  };
}

export const seconds = (value: number | null): string =>
  value === null ? '–' : `${value.toFixed(value < 0.1 ? 2 : 1)} s`;
