// The points of one series as they came, and what can be said about them. Pure.
import type { History } from '@/api/types';
import { COMPLETE_SHARE } from '@/kit/curves';
import { bucketEnd, type Step } from './plan';

export interface Points {
  step: Step;
  /** Start of each bucket or instant of each reading, ms, ascending. */
  times: number[];
  /** First instant after each bucket; the instant itself for a reading. */
  ends: number[];
  values: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
  /** How much of each bucket was measured, 0 to 1; of the elapsed part where it is not over. */
  cover: number[];
  /** Energy of each bucket, kWh, beside a power; null where the counter was not read. */
  energy: (number | null)[];
  /** How much of it is not as it was read, kWh: spread over a silence, or corrected. */
  spread: (number | null)[];
}

export const noPoints = (step: Step): Points => ({
  step,
  times: [],
  ends: [],
  values: [],
  low: [],
  high: [],
  cover: [],
  energy: [],
  spread: [],
});

/** A reading that comes this many times later than its neighbours do has a hole before it. */
const HOLE_STEPS = 3;
/** And never less than this, ms: a slow gateway makes no hole. */
const HOLE_MIN_MS = 30_000;

/** Puts an empty point where readings are missing: no line crosses it. */
function withHoles(points: Points): Points {
  const out = noPoints(points.step);
  const { times } = points;
  const stepAt = (n: number) => (times[n] ?? NaN) - (times[n - 1] ?? NaN) || 0;
  times.forEach((time, n) => {
    const [before, after] = [stepAt(n - 1), stepAt(n + 1)];
    const limit = Math.max(HOLE_MIN_MS, Math.max(before, after) * HOLE_STEPS);
    // The reading before stood for as long as it usually does; then nothing is known.
    if (stepAt(n) > limit) push(out, (times[n - 1] ?? 0) + Math.max(1, before), time);
    push(out, time, points.ends[n] ?? time, points, n);
  });
  return out;
}

/** One point of another list, or one without a value. */
function push(out: Points, at: number, end: number, from: Points | null = null, n = 0): void {
  out.times.push(at);
  out.ends.push(end);
  out.values.push(from?.values[n] ?? null);
  out.low.push(from?.low[n] ?? null);
  out.high.push(from?.high[n] ?? null);
  out.cover.push(from?.cover[n] ?? 0);
  out.energy.push(from?.energy[n] ?? null);
  out.spread.push(from?.spread[n] ?? null);
}

/** Joins the answers to the pieces of a period. */
export function pointsOf(answers: History[], step: Step, now: number, zone: string): Points {
  const out = noPoints(step);
  let last = -Infinity;
  for (const point of answers.flatMap(({ series }) => series)) {
    const at = Date.parse(point.timestamp);
    // A bucket on a cut came twice; one that lies ahead has nothing to say.
    if (at <= last || at >= now) continue;
    last = at;
    const end = step === 'raw' ? at : bucketEnd(at, step, zone);
    const value = point.value ?? null;
    const elapsed = end > now ? (now - at) / (end - at) : 1;
    const cover = point.coverage ?? (value === null ? 0 : 1);
    out.times.push(at);
    out.ends.push(end);
    out.values.push(value);
    out.low.push(point.min ?? null);
    out.high.push(point.max ?? null);
    out.cover.push(Math.min(1, step === 'raw' ? (value === null ? 0 : 1) : cover / elapsed));
    out.energy.push(step === 'raw' ? null : (point.consumption ?? null));
    out.spread.push(step === 'raw' ? null : (point.substituted ?? null));
  }
  return step === 'raw' ? withHoles(out) : out;
}

/** Moves the points of a compared period to where they are looked at. */
export function movedBy(points: Points, move: (at: number) => number): Points {
  const out = noPoints(points.step);
  let last = -Infinity;
  points.times.forEach((time, n) => {
    const at = move(time);
    // The hour that comes twice on the wall comes once in the comparison.
    if (at <= last) return;
    last = at;
    push(out, at, Math.max(at, move(points.ends[n] ?? time)), points, n);
  });
  return out;
}

export interface Hole {
  from: number;
  to: number;
  kind: 'gap' | 'partial';
}

/** What a point stands for ends here: a reading stands until the next one. */
const endOf = ({ times, ends, step }: Points, n: number): number =>
  (step === 'raw' ? times[n + 1] : ends[n]) ?? times[n] ?? 0;

/** Neighbouring buckets that lack something, as spans. */
export function holesOf(points: Points, from: number, to: number): Hole[] {
  const out: Hole[] = [];
  points.times.forEach((time, n) => {
    const end = endOf(points, n);
    if (end <= from || time >= to) return;
    const cover = points.cover[n] ?? 0;
    if (cover >= COMPLETE_SHARE) return;
    const kind = cover <= 0 ? 'gap' : 'partial';
    const before = out[out.length - 1];
    if (before && before.to === time && before.kind === kind) before.to = end;
    else out.push({ from: time, to: end, kind });
  });
  return out;
}

export interface Statistics {
  low: number;
  lowAt: number;
  high: number;
  highAt: number;
  mean: number;
  sum: number;
  /** Energy beside a power, kWh. */
  energy: number | null;
  /** How much of the energy is not as it was read, kWh. */
  spread: number;
  /** How much of the elapsed period was measured, 0 to 1. */
  cover: number;
  count: number;
}

/** The figures of a period: extremes from the envelope, the mean by measured time. Of sums, such as
 * the energy of a day, only whole ones are extremes and make the mean, while there are any. */
export function statisticsOf(
  points: Points,
  from: number,
  to: number,
  { adds = false, now = Infinity } = {},
): Statistics | null {
  const inside = points.times.flatMap((time, n) => {
    return time >= to || endOf(points, n) <= from ? [] : [n];
  });
  const isWhole = (n: number) =>
    (points.cover[n] ?? 0) >= COMPLETE_SHARE && (points.ends[n] ?? 0) <= now;
  const whole = inside.filter((n) => points.values[n] != null && isWhole(n));
  const judged = new Set(adds && whole.length ? whole : inside);
  let [low, high, lowAt, highAt] = [Infinity, -Infinity, 0, 0];
  let [sum, weighted, weight, covered, length, count, spread] = [0, 0, 0, 0, 0, 0, 0];
  let energy: number | null = null;
  for (const n of inside) {
    const time = points.times[n] ?? 0;
    const cover = points.cover[n] ?? 0;
    // Of a bucket that runs on, only what is past.
    const span = Math.min(endOf(points, n), now) - time;
    length += span;
    covered += cover * span;
    const kwh = points.energy[n] ?? null;
    if (kwh !== null) energy = (energy ?? 0) + kwh;
    spread += points.spread[n] ?? 0;
    const value = points.values[n] ?? null;
    if (value === null) continue;
    sum += value;
    count += 1;
    if (!judged.has(n)) continue;
    const [least, most] = [points.low[n] ?? value, points.high[n] ?? value];
    const [lowest, highest] = adds ? [value, value] : [least, most];
    if (lowest < low) [low, lowAt] = [lowest, time];
    if (highest > high) [high, highAt] = [highest, time];
    const share = adds ? 1 : span * (cover || 1);
    weighted += value * share;
    weight += share;
  }
  if (count === 0) return null;
  const cover = length ? covered / length : 0;
  // A single reading has no length.
  const mean = weight > 0 ? weighted / weight : sum / count;
  return { low, lowAt, high, highAt, mean, sum, energy, spread, cover, count };
}

/** A reading stands for this long when nothing says how often there is one, ms. */
const READING_HOLDS_MS = 60_000;

/** Which point an instant belongs to; -1 where there is none. */
export function indexAt(
  { times, ends, step }: Pick<Points, 'times' | 'ends' | 'step'>,
  at: number,
): number {
  let [low, high] = [0, times.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= at) low = middle + 1;
    else high = middle - 1;
  }
  if (high < 0) return -1;
  const holds = times[high + 1] ?? (times[high] ?? 0) + READING_HOLDS_MS;
  const end = step === 'raw' ? holds : (ends[high] ?? 0);
  return at < end ? high : -1;
}
