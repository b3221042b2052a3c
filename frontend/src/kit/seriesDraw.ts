// What is drawn by hand on a chart of several curves: holes, columns, the letters of the curves.
import type uPlot from 'uplot';
import { token } from './chartOptions';
import { COMPLETE_SHARE, placeOf, type Curve, type Mark } from './curves';

type Context = CanvasRenderingContext2D;

/** Share of a bucket that its columns fill. */
const BAR_SHARE = 0.82;
/** A column of which not everything was measured. */
const INCOMPLETE_ALPHA = 0.45;
const GHOST_ALPHA = 0.22;

const colourOf = ({ look }: { look: number }) => token(`--series-${look + 1}`);

/** Only inside the axes. */
function clipped(plot: uPlot, draw: (context: Context) => void): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw(ctx);
  ctx.restore();
}

/** Slanted lines: seen without any colour. */
function hatch(context: Context, x: number, y: number, w: number, h: number, step: number): void {
  context.save();
  context.beginPath();
  context.rect(x, y, w, h);
  context.clip();
  context.beginPath();
  for (let at = x - h; at < x + w; at += step) {
    context.moveTo(at, y + h);
    context.lineTo(at + h, y);
  }
  context.stroke();
  context.restore();
}

/** A line through the whole height that hangs on a triangle. */
function drawEvent(context: Context, x: number, box: uPlot.BBox, size: number): void {
  context.save();
  context.fillStyle = context.strokeStyle = token('--info-text');
  context.setLineDash([size * 0.6, size * 0.4]);
  context.beginPath();
  context.moveTo(x, box.top);
  context.lineTo(x, box.top + box.height);
  context.stroke();
  context.beginPath();
  context.moveTo(x - size, box.top);
  context.lineTo(x + size, box.top);
  context.lineTo(x, box.top + size * 1.6);
  context.fill();
  context.restore();
}

/** Holes are hatched over the whole height; what is incomplete or corrected, in a strip at the top. */
export function drawMarks(plot: uPlot, marks: Mark[], rem: number): void {
  const { bbox } = plot;
  const strip = rem * 0.45 * devicePixelRatio;
  clipped(plot, (context) => {
    context.lineWidth = devicePixelRatio;
    for (const mark of marks) {
      const left = Math.max(bbox.left, plot.valToPos(mark.from, 'x', true));
      const right = Math.min(bbox.left + bbox.width, plot.valToPos(mark.to, 'x', true));
      if (right < left) continue;
      const width = Math.max(right - left, 2 * devicePixelRatio);
      const whole = mark.kind === 'gap';
      context.strokeStyle = token(whole ? '--chart-hole' : '--chart-bar');
      if (mark.kind === 'event') {
        drawEvent(context, left, bbox, strip);
        continue;
      }
      if (mark.kind === 'corrected') {
        context.fillStyle = token('--info-text');
        context.fillRect(left, bbox.top, width, strip);
      } else
        hatch(
          context,
          left,
          bbox.top,
          width,
          whole ? bbox.height : strip,
          whole ? strip * 1.6 : strip * 0.7,
        );
    }
  });
}

/** A column before the compared one leaves this share of it in sight. */
const FRONT_SHARE = 0.62;

/** Columns side by side in their bucket; the compared one stands behind its own. */
export function drawBars(plot: uPlot, curves: Curve[]): void {
  const bars = curves.filter(({ shape }) => shape === 'bars');
  if (bars.length === 0) return;
  const slots = [...new Set(bars.map(({ look }) => look))];
  const compared = bars.some(({ ghost }) => ghost);
  clipped(plot, (context) => {
    context.lineWidth = 1.5 * devicePixelRatio;
    for (const curve of bars) {
      const share = compared && !curve.ghost ? FRONT_SHARE : 1;
      drawBarsOf(plot, context, curve, slots.indexOf(curve.look), slots.length, share);
    }
    context.setLineDash([]);
  });
}

/** The upper part of a column is hatched where it was reckoned instead of read. */
function drawDoubt(
  plot: uPlot,
  context: Context,
  curve: Curve,
  index: number,
  x: number,
  width: number,
): void {
  const [value, doubt] = [curve.values[index] ?? 0, curve.doubt?.[index] ?? 0];
  if (value <= 0 || doubt <= 0) return;
  const top = plot.valToPos(value, curve.side, true);
  const height = plot.valToPos(value - Math.min(value, doubt), curve.side, true) - top;
  context.save();
  context.strokeStyle = token('--surface-base');
  context.lineWidth = 2 * devicePixelRatio;
  hatch(context, x, top, width, height, 6 * devicePixelRatio);
  context.restore();
}

function drawBarsOf(
  plot: uPlot,
  context: Context,
  curve: Curve,
  place: number,
  slots: number,
  share: number,
): void {
  context.fillStyle = colourOf(curve);
  context.strokeStyle = colourOf(curve);
  const zero = plot.valToPos(0, curve.side, true);
  curve.times.forEach((time, index) => {
    const value = curve.values[index] ?? null;
    if (value === null) return;
    const left = plot.valToPos(time, 'x', true);
    const bucket = plot.valToPos(curve.ends[index] ?? time, 'x', true) - left;
    const slot = (bucket * BAR_SHARE) / slots;
    const width = Math.max(devicePixelRatio, (slot - (slots > 1 ? devicePixelRatio : 0)) * share);
    const x = left + (bucket * (1 - BAR_SHARE)) / 2 + place * slot + (slot - width) / 2;
    const y = plot.valToPos(value, curve.side, true);
    const over = (curve.ends[index] ?? time) <= curve.until;
    const whole = over && (curve.cover[index] ?? 0) >= COMPLETE_SHARE;
    context.globalAlpha = curve.ghost ? GHOST_ALPHA : whole ? 1 : INCOMPLETE_ALPHA;
    context.fillRect(x, Math.min(y, zero), width, Math.abs(zero - y));
    context.globalAlpha = 1;
    drawDoubt(plot, context, curve, index, x, width);
    if (!curve.ghost && whole) return;
    // The outline says "compared" and "incomplete" to who does not see the shade.
    context.setLineDash(curve.ghost ? [] : [3 * devicePixelRatio, 3 * devicePixelRatio]);
    context.strokeRect(x, Math.min(y, zero), width, Math.abs(zero - y));
  });
}

/** The letter of each line at its last point in sight, where there is more than one. */
export function drawTags(plot: uPlot, curves: Curve[], rem: number): void {
  const lines = curves.filter(({ shape }) => shape === 'line');
  if (lines.length < 2) return;
  const { ctx, bbox } = plot;
  const size = rem * 0.78 * devicePixelRatio;
  const taken: number[] = [];
  ctx.save();
  ctx.font = `600 ${size}px ${token('--font-body')}`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  for (const curve of lines) {
    const to = plot.scales.x?.max ?? 0;
    let index = curve.times.length - 1;
    while (index >= 0 && (placeOf(curve, index) > to || curve.values[index] == null)) index -= 1;
    const value = curve.values[index];
    const x = plot.valToPos(placeOf(curve, index), 'x', true);
    if (index < 0 || value == null || x < bbox.left) continue;
    let y = plot.valToPos(value, curve.side, true);
    // Ends that meet would hide each other's letter; above is always room.
    y = Math.min(y, bbox.top + bbox.height - size * 0.6);
    while (taken.some((other) => Math.abs(other - y) < size * 1.1)) y -= size * 0.4;
    taken.push(y);
    const width = ctx.measureText(curve.tag).width;
    const left = Math.min(x + size * 0.3, bbox.left + bbox.width - width - size * 0.3);
    ctx.fillStyle = token('--surface-base');
    ctx.fillRect(left - size * 0.15, y - size * 0.6, width + size * 0.3, size * 1.2);
    ctx.fillStyle = colourOf(curve);
    ctx.fillText(curve.tag, left, y);
  }
  ctx.restore();
}
