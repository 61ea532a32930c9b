/** Drawings as SVG text, by ECharts without a browser. Loaded only when something is drawn: it is larger than all commands. */
import type { EChartsOption } from 'echarts';

export type { EChartsOption } from 'echarts';

/** Colours by their role on the page; the drawing holds stand-ins, so that light and dark are the page's choice. */
export const INK = {
  text: '#010101',
  soft: '#010102',
  line: '#010103',
  good: '#010104',
  bad: '#010105',
  warn: '#010106',
  shade: '#010107',
  one: '#010108',
  two: '#010109',
  slave: '#01010a',
  recovering: '#01010b',
  frozen: '#01010c',
  down: '#01010d',
  unseen: '#01010e',
} as const;

const byValue: ReadonlyMap<string, string> = new Map(
  Object.entries(INK).map(([name, value]) => [value, `var(--${name})`]),
);

/** For screens and paper, and for phones: what is scaled down to a third cannot be read. */
export type Size = 'wide' | 'narrow';
const WIDTHS: Record<Size, number> = { wide: 1040, narrow: 360 };

/** The same in both sizes; the page shows the one that fits. */
export async function drawBoth(
  option: (size: Size) => EChartsOption,
  { label, height }: { label: string; height: number },
): Promise<string> {
  const one = async (size: Size): Promise<string> =>
    `<div class="${size}">${await draw(option(size), { label, height, width: WIDTHS[size] })}</div>`;
  return (await one('wide')) + (await one('narrow'));
}

async function draw(
  option: EChartsOption,
  { label, height, width }: { label: string; height: number; width: number },
): Promise<string> {
  const { init } = await import('echarts');
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({ animation: false, textStyle: { color: INK.soft, fontFamily: 'inherit' }, ...option });
    const svg = chart.renderToSVGString();
    const inked = svg.replace(/#0101[0-9a-f]{2}\b/g, (ink) => byValue.get(ink) ?? ink);
    // Hover needs a script, which there is none of: its rules would only clash between drawings.
    const plain = inked.replace(/<style\b[^]*?<\/style>/g, '').replace(/ class="zr[^"]*"/g, '');
    return plain.replace('<svg ', `<svg role="img" aria-label="${label.replace(/["<>&]/g, '')}" `);
  } finally {
    chart.dispose();
  }
}

/** The frame that the drawings of one page share, so that they lie exactly below each other. */
export const frame = (size: Size) =>
  size === 'wide' ? { left: 110, right: 20, top: 44, bottom: 26 } : { left: 54, right: 14, top: 46, bottom: 26 };

/** The unit has no room where it is narrow: there the heading tells it. */
export const yAxis = (unit: string, size: Size): NonNullable<EChartsOption['yAxis']> => ({
  type: 'value',
  name: size === 'wide' ? unit : '',
  min: 0,
  axisLine: { onZero: false, show: false },
  axisTick: { show: false },
  nameTextStyle: { color: INK.soft, align: 'left' },
  axisLabel: { color: INK.soft },
  splitLine: { lineStyle: { color: INK.line } },
  splitNumber: 4,
});
