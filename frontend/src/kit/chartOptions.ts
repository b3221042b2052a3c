// The look of a time chart, from the page's own tokens.
import uPlot from 'uplot';
import { dayMonth, fixed, hourMinute, type Place } from './format';
import { stepDigits, valueRange, type ChartData } from './chartData';

export interface ChartLook {
  kind: 'line' | 'bars';
  fromZero: boolean;
  /** Marks the newest point, where the curve is alive. */
  live: boolean;
  place: Place;
  /** The visible span in seconds since 1970; without it the data decides. */
  span: () => [number, number] | null;
  onCursor: (index: number | null, left: number) => void;
}

const DAY_S = 86_400;

const token = (name: string) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Every bar is drawn this wide within its bucket. */
const BAR_SHARE = 0.8;
const BAR_MAX_PX = 60;

function seriesOf(data: ChartData, look: ChartLook, rem: number): uPlot.Series[] {
  const line = token('--chart-line');
  const main: uPlot.Series = {
    stroke: line,
    width: look.kind === 'line' ? rem / 8 : 0,
    fill:
      look.kind === 'bars'
        ? token('--chart-bar')
        : look.fromZero && !data.low
          ? token('--chart-fill')
          : undefined,
    points: { show: false },
    spanGaps: false,
  };
  if (look.kind === 'bars' && uPlot.paths.bars)
    main.paths = uPlot.paths.bars({ size: [BAR_SHARE, BAR_MAX_PX], align: 1 });
  if (!data.low) return [{}, main];
  const edge: uPlot.Series = { stroke: 'transparent', points: { show: false }, spanGaps: false };
  return [{}, edge, { ...edge }, main];
}

function axesOf(look: ChartLook, rem: number): uPlot.Axis[] {
  const { place } = look;
  const common: uPlot.Axis = {
    stroke: token('--chart-text'),
    font: `${Math.round(rem * 0.8)}px ${token('--font-body')}`,
    grid: { stroke: token('--chart-grid'), width: 1 },
    ticks: { show: false },
  };
  const label = (second: number, step: number) => {
    const clock = hourMinute(second * 1000, place);
    return step >= DAY_S || clock === '00:00' ? dayMonth(second * 1000, place) : clock;
  };
  return [
    {
      ...common,
      space: rem * 5,
      size: rem * 1.7,
      values: (_, splits, __, ___, step) => splits.map((second) => label(second, step)),
      grid: { show: false },
    },
    {
      ...common,
      space: rem * 2.4,
      size: (_, values) =>
        rem + (values ? Math.max(...values.map((v) => v.length)) : 3) * rem * 0.5,
      values: (_, splits) => {
        const step = Math.abs((splits[1] ?? 1) - (splits[0] ?? 0));
        const digits = stepDigits(step);
        return splits.map((value) => fixed(value, digits, place.locale));
      },
    },
  ];
}

function markEnd(plot: uPlot, rem: number): void {
  const [times, values] = plot.data;
  const index = times.length - 1;
  const value = values?.[index];
  const time = times[index];
  if (value == null || time === undefined) return;
  const { ctx } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.arc(
    plot.valToPos(time, 'x', true),
    plot.valToPos(value, 'y', true),
    rem * 0.3 * devicePixelRatio,
    0,
    2 * Math.PI,
  );
  ctx.fillStyle = token('--brand-primary');
  ctx.strokeStyle = token('--chart-line');
  ctx.lineWidth = (rem / 10) * devicePixelRatio;
  ctx.fill();
  ctx.stroke();
  ctx.restore();
}

export const plotData = (data: ChartData): uPlot.AlignedData =>
  data.low && data.high
    ? [data.times, data.high, data.low, data.values]
    : [data.times, data.values];

export function chartOptions(
  data: ChartData,
  look: ChartLook,
  size: { width: number; height: number },
): uPlot.Options {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  return {
    ...size,
    tzDate: (second) => uPlot.tzDate(new Date(second * 1000), look.place.timeZone),
    legend: { show: false },
    padding: [rem * 0.5, rem * 0.5, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x: { range: (_, low, high) => look.span() ?? [low, high] },
      y: { range: (_, low, high) => valueRange(low, high, look.fromZero) },
    },
    series: seriesOf(data, look, rem),
    bands: data.low ? [{ series: [1, 2], fill: token('--chart-band') }] : [],
    axes: axesOf(look, rem),
    hooks: {
      draw: look.live ? [(plot) => markEnd(plot, rem)] : [],
      setCursor: [(plot) => look.onCursor(plot.cursor.idx ?? null, plot.cursor.left ?? 0)],
    },
  };
}
