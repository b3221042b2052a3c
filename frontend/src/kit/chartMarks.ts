// What a chart shows beside its curve: limits that it is held to, and times in which something was so.
import type uPlot from 'uplot';
import { token, type ChartPaint } from './chartOptions';

export interface ChartLimit {
  at: number;
  label: string;
}

export interface ChartLane {
  /** The colour of its bands, a token of the page. */
  colour: string;
  /** From and to, in seconds since 1970. */
  bands: [number, number][];
  /** Whether the whole height is shaded, too. */
  wash?: boolean;
}

/** How dark a wash is. */
const WASH = 0.14;

const remOf = () =>
  (parseFloat(getComputedStyle(document.documentElement).fontSize) || 16) * devicePixelRatio;

/** Where a band lies within the picture; at least a pixel wide, and nothing beyond its edges. */
function reach(plot: uPlot, [from, to]: [number, number]): [left: number, width: number] | null {
  const { left, width } = plot.bbox;
  const start = Math.max(left, plot.valToPos(from, 'x', true));
  const end = Math.min(left + width, plot.valToPos(to, 'x', true));
  return end < left || start > left + width
    ? null
    : [start, Math.max(devicePixelRatio, end - start)];
}

function lane(plot: uPlot, { colour, bands }: ChartLane, top: number, height: number): void {
  const { ctx } = plot;
  const { left, width } = plot.bbox;
  ctx.fillStyle = token('--line-soft');
  ctx.fillRect(left, top, width, height);
  ctx.fillStyle = token(colour);
  for (const band of bands) {
    const at = reach(plot, band);
    if (at) ctx.fillRect(at[0], top, at[1], height);
  }
}

function wash(plot: uPlot, { colour, bands }: ChartLane): void {
  const { ctx } = plot;
  ctx.fillStyle = token(colour);
  ctx.globalAlpha = WASH;
  for (const band of bands) {
    const at = reach(plot, band);
    if (at) ctx.fillRect(at[0], plot.bbox.top, at[1], plot.bbox.height);
  }
  ctx.globalAlpha = 1;
}

function limit(plot: uPlot, { at, label }: ChartLimit, rem: number): void {
  const { ctx } = plot;
  const { left, width } = plot.bbox;
  const y = plot.valToPos(at, 'y', true);
  ctx.strokeStyle = token('--warning-text');
  ctx.fillStyle = token('--warning-text');
  ctx.lineWidth = rem / 10;
  ctx.setLineDash([rem * 0.5, rem * 0.3]);
  ctx.beginPath();
  ctx.moveTo(left, y);
  ctx.lineTo(left + width, y);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.font = `600 ${rem * 0.75}px ${token('--font-body')}`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'bottom';
  ctx.fillText(label, left + rem * 0.3, y - rem * 0.15);
}

/** Limits as dashed lines that are always in sight, lanes at the foot of the picture. */
export function marks(limits: ChartLimit[], lanes: ChartLane[]): ChartPaint {
  return {
    within: limits.map(({ at }) => at),
    under(plot) {
      plot.ctx.save();
      for (const one of lanes.filter((each) => each.wash)) wash(plot, one);
      plot.ctx.restore();
    },
    over(plot) {
      const rem = remOf();
      const { ctx } = plot;
      const [height, gap] = [rem * 0.4, rem * 0.15];
      const foot = plot.bbox.top + plot.bbox.height;
      ctx.save();
      lanes.forEach((one, n) =>
        lane(plot, one, foot - (lanes.length - n) * (height + gap), height),
      );
      for (const one of limits) limit(plot, one, rem);
      ctx.restore();
    },
  };
}
