// The look of a chart of several curves, from the page's own tokens.
import uPlot from 'uplot';
import { valueRange } from './chartData';
import { axisOfTime, axisOfValues, token } from './chartOptions';
import { dashes, ghostDash, type Curve, type Mark } from './curves';
import { drawBars, drawMarks, drawTags } from './seriesDraw';
import type { Place } from './format';

export interface SeriesLook {
  curves: () => Curve[];
  marks: () => Mark[];
  span: () => [number, number];
  /** Instants of the site, or shares of a whole in percent. */
  axis: 'time' | 'share';
  place: Place;
  onCursor: (at: number | null) => void;
}

export const colourOf = ({ look }: { look: number }) => token(`--series-${look + 1}`);

/** Two hexadecimal digits of opacity behind a colour of the tokens. */
const BAND_OPACITY = '2e';

function linesOf(curve: Curve, rem: number): uPlot.Series[] {
  const colour = colourOf(curve);
  const tenth = rem / 10;
  const pattern = curve.ghost ? ghostDash : (dashes[curve.look] ?? []);
  const main: uPlot.Series = {
    scale: curve.side,
    stroke: colour,
    width: (curve.ghost ? 0.9 : 1.3) * tenth,
    dash: pattern.map((length) => length * tenth),
    points: { show: false },
    spanGaps: false,
  };
  // Columns are drawn by hand; the library only finds their range.
  if (curve.shape === 'bars') Object.assign(main, { paths: () => null, width: 0 });
  if (!curve.low) return [main];
  const edge: uPlot.Series = {
    scale: curve.side,
    stroke: 'transparent',
    points: { show: false },
    spanGaps: false,
  };
  return [edge, { ...edge }, main];
}

function bandsOf(curves: Curve[]): uPlot.Band[] {
  const bands: uPlot.Band[] = [];
  let index = 1;
  for (const curve of curves) {
    if (curve.low) bands.push({ series: [index, index + 1], fill: colourOf(curve) + BAND_OPACITY });
    index += curve.low ? 3 : 1;
  }
  return bands;
}

/** Columns of a day or more; a little less on the day when the clock goes forward. */
const DAY_LIKE_MS = 82_000_000;
const ofDays = (curves: Curve[]) =>
  curves.some(
    ({ shape, times, ends }) =>
      shape === 'bars' && times[0] !== undefined && (ends[0] ?? 0) - times[0] > DAY_LIKE_MS,
  );

export function seriesOptions(
  look: SeriesLook,
  size: { width: number; height: number },
): uPlot.Options {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  const curves = look.curves();
  const sides = [...new Set(curves.map(({ side }) => side))];
  const of = (side: string) => curves.filter((curve) => curve.side === side);
  const zero = (side: string) => of(side).some(({ fromZero }) => fromZero);
  const scales: uPlot.Scales = {
    x: { time: look.axis === 'time', range: () => look.span() },
  };
  for (const side of sides)
    scales[side] = { range: (_, low, high) => valueRange(low, high, zero(side)) };
  return {
    ...size,
    ms: 1,
    tzDate: (at) => uPlot.tzDate(new Date(at), look.place.timeZone),
    legend: { show: false },
    padding: [rem * 1.4, rem * (sides.length > 1 ? 0.2 : 2), 0, rem * 0.2],
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: false, y: false, setScale: false },
      // What is drawn over and dragged is ours; the library's own way knows neither fingers nor Shift.
      bind: { mousedown: () => null, mouseup: () => null, dblclick: () => null },
    },
    scales,
    series: [{}, ...curves.flatMap((curve) => linesOf(curve, rem))],
    bands: bandsOf(curves),
    axes: [
      axisOfTime(look.place, rem, { share: look.axis === 'share', days: ofDays(curves) }),
      ...sides.map((side) => ({
        ...axisOfValues(look.place, rem, of(side)[0]?.unit ?? null),
        scale: side,
        side: side === 'left' ? (3 as const) : (1 as const),
        grid: { show: side === sides[0], stroke: token('--chart-grid'), width: 1 },
      })),
    ],
    hooks: {
      drawClear: [(plot) => drawMarks(plot, look.marks(), rem)],
      drawAxes: [(plot) => drawBars(plot, look.curves())],
      draw: [(plot) => drawTags(plot, look.curves(), rem)],
      setCursor: [
        (plot) => {
          const left = plot.cursor.left ?? -1;
          look.onCursor(left < 0 ? null : plot.posToVal(left, 'x'));
        },
      ],
    },
  };
}
