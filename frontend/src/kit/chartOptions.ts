// The look of a time chart, from the page's own tokens.
import uPlot from 'uplot';
import { dayMonth, fixed, hourMinute, type Place } from './format';
import { stepDigits, valueRange, type ChartData } from './chartData';

/** What somebody draws beside the curve, and which values the picture must hold for it. */
export interface ChartPaint {
  within: number[];
  under: (plot: uPlot) => void;
  over: (plot: uPlot) => void;
}

export interface ChartLook {
  kind: 'line' | 'bars';
  fromZero: boolean;
  /** Marks the newest point, where the curve is alive. */
  live: boolean;
  place: Place;
  /** The visible span in seconds since 1970; without it the data decides. */
  span: () => [number, number] | null;
  onCursor: (index: number | null, left: number) => void;
  paint: () => ChartPaint | null;
}

const DAY_S = 86_400;

export const token = (name: string) =>
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

const axisBase = (rem: number): uPlot.Axis => ({
  stroke: token('--chart-text'),
  font: `${Math.round(rem * 0.8)}px ${token('--font-body')}`,
  grid: { stroke: token('--chart-grid'), width: 1 },
  ticks: { show: false },
});

/** Half the width of a letter of an axis. */
const HALF_LETTER_REM = 0.24;

/** A label that would be cut at the end of the chart is left out. */
function fits(plot: uPlot, at: number, text: string, rem: number): boolean {
  const middle = plot.bbox.left / devicePixelRatio + plot.valToPos(at, 'x');
  return middle + text.length * HALF_LETTER_REM * rem <= plot.width;
}

/** Seconds or milliseconds since 1970, by the size of the number. */
const instant = (at: number) => (Math.abs(at) > 1e11 ? at : at * 1000);

/** The axis of time, or of a share of the time in percent. */
const DAY_MS = 86_400_000;
/** Steps of an axis below which there is nothing: columns of days want no hours between them. */
const dayIncrs = [1, 2, 3, 4, 5, 7, 10, 14, 30, 60, 90, 120, 365].map((days) => days * DAY_MS);

export function axisOfTime(
  place: Place,
  rem: number,
  { share = false, days = false } = {},
): uPlot.Axis {
  const label = (at: number, step: number) => {
    const clock = hourMinute(instant(at), place);
    const day = instant(at) === at ? DAY_S * 1000 : DAY_S;
    return step >= day || clock === '00:00' ? dayMonth(instant(at), place) : clock;
  };
  return {
    ...axisBase(rem),
    space: rem * 5,
    // Below the least value of the other axis, which stands beside its own line.
    gap: rem * 0.6,
    size: rem * 2,
    values: (plot, splits, _, __, step) =>
      splits.map((at) => {
        const text = share ? `${fixed(at, 0, place.locale)}\u00a0%` : label(at, step);
        return fits(plot, at, text, rem) ? text : '';
      }),
    grid: { show: false },
    ...(days ? { incrs: dayIncrs } : {}),
  };
}

/** The axis of values; its unit stands at the topmost of them when it is given. */
export function axisOfValues(place: Place, rem: number, unit: string | null = null): uPlot.Axis {
  return {
    ...axisBase(rem),
    space: rem * 2.4,
    size: (_, values) => rem + (values ? Math.max(...values.map((v) => v.length)) : 3) * rem * 0.5,
    values: (_, splits) => {
      const step = Math.abs((splits[1] ?? 1) - (splits[0] ?? 0));
      const digits = stepDigits(step);
      const last = splits.length - 1;
      return splits.map((value, n) => {
        const text = fixed(value, digits, place.locale);
        return unit && n === last ? `${text} ${unit}` : text;
      });
    },
  };
}

const axesOf = ({ place }: ChartLook, rem: number): uPlot.Axis[] => [
  axisOfTime(place, rem),
  axisOfValues(place, rem),
];

function markEnd(plot: uPlot, rem: number): void {
  const [times] = plot.data;
  // The line is drawn last, over the edges of a range if there is one.
  const values = plot.data[plot.data.length - 1];
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

/** A range that holds what is drawn beside the curve, too. */
function widened(
  [low, high]: [number | null, number | null],
  paint: ChartPaint | null,
): [number | null, number | null] {
  if (!paint?.within.length || low === null || high === null) return [low, high];
  return [Math.min(low, ...paint.within), Math.max(high, ...paint.within)];
}

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
      y: {
        range: (_, low, high) => valueRange(...widened([low, high], look.paint()), look.fromZero),
      },
    },
    series: seriesOf(data, look, rem),
    bands: data.low ? [{ series: [1, 2], fill: token('--chart-band') }] : [],
    axes: axesOf(look, rem),
    hooks: {
      drawClear: [(plot) => look.paint()?.under(plot)],
      draw: [
        (plot) => look.paint()?.over(plot),
        ...(look.live ? [(plot: uPlot) => markEnd(plot, rem)] : []),
      ],
      setCursor: [(plot) => look.onCursor(plot.cursor.idx ?? null, plot.cursor.left ?? 0)],
    },
  };
}
