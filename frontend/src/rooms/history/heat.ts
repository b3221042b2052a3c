// Hours by days, and the load-duration curve. Pure.
import { DAY_MS, HOUR_MS, wallOf } from '@/kit/zone';
import type { Points } from './points';

export interface Heat {
  /** Midnight of each day on the wall's clock, ms; one column each. */
  days: number[];
  /** By column, then hour: the value, null where nothing was measured. */
  cells: (number | null)[][];
  /** By column, then hour: how much was measured; null where the day has no such hour. */
  cover: (number | null)[][];
  low: number;
  high: number;
}

const HOURS = 24;

/** Days as columns, hours as rows. The hour that comes twice in autumn is one cell: its energy is
 * added, a mean is taken of the two; the hour that spring leaves out stays empty. */
export function heatOf(
  points: Points,
  from: number,
  to: number,
  adds: boolean,
  zone: string,
): Heat {
  const first = Math.floor(wallOf(from, zone) / DAY_MS) * DAY_MS;
  const last = wallOf(to - 1, zone);
  const count = Math.floor((last - first) / DAY_MS) + 1;
  const days = Array.from({ length: count }, (_, n) => first + n * DAY_MS);
  const empty = () => days.map(() => Array<number | null>(HOURS).fill(null));
  const [cells, cover, seen] = [empty(), empty(), empty()];
  let [low, high] = [Infinity, -Infinity];
  points.times.forEach((time, n) => {
    const wall = wallOf(time, zone);
    const day = Math.floor((wall - first) / DAY_MS);
    const hour = Math.floor((wall % DAY_MS) / HOUR_MS);
    const [column, covered, times] = [cells[day], cover[day], seen[day]];
    if (!column || !covered || !times) return;
    const value = points.values[n] ?? null;
    covered[hour] = Math.min(covered[hour] ?? 1, points.cover[n] ?? 0);
    if (value === null) return;
    const before = times[hour] ?? 0;
    const old = column[hour] ?? 0;
    column[hour] = adds ? old + value : (old * before + value) / (before + 1);
    times[hour] = before + 1;
  });
  for (const value of cells.flat())
    if (value !== null) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return { days, cells, cover, low, high };
}

/** Where a value stands between the least and the greatest, in so many steps. */
export function heatStep(value: number, low: number, high: number, steps: number): number {
  if (high <= low) return 0;
  return Math.min(steps - 1, Math.floor(((value - low) / (high - low)) * steps));
}

export interface Duration {
  /** Percent of the measured time, ascending. */
  shares: number[];
  /** What is reached or exceeded for that share of the time. */
  values: number[];
  /** Measured time behind it, hours. */
  hours: number;
}

/** The load-duration curve: each value with the share of the time at which at least it was drawn. */
export function durationOf(points: Points, from: number, to: number): Duration {
  const found: { value: number; weight: number }[] = [];
  points.times.forEach((time, n) => {
    const end = points.ends[n] ?? time;
    const value = points.values[n] ?? null;
    if (value === null || end <= from || time >= to) return;
    const weight = (Math.min(end, to) - Math.max(time, from)) * (points.cover[n] ?? 0);
    if (weight > 0) found.push({ value, weight });
  });
  found.sort((a, b) => b.value - a.value);
  const whole = found.reduce((sum, { weight }) => sum + weight, 0);
  const out: Duration = { shares: [], values: [], hours: whole / HOUR_MS };
  let before = 0;
  for (const { value, weight } of found) {
    // The left edge of the first step, then the right edge of each.
    if (out.shares.length === 0) {
      out.shares.push(0);
      out.values.push(value);
    }
    before += weight;
    out.shares.push((before / whole) * 100);
    out.values.push(value);
  }
  return out;
}
