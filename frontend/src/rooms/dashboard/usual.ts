// What is usual at this hour, learnt from the quarters of the last days. Pure.
import { DAY_MS, wallOf } from '@/kit/zone';
import type { HistoryPoint } from '@/api/types';

/** Fewer days than this teach nothing: a single holiday would be half of what is known. */
export const DAYS_WANTED = 3;
export const DAYS_ASKED = 14;

const QUARTER_MS = 15 * 60_000;
const QUARTERS = DAY_MS / QUARTER_MS;
/** Neighbouring quarters count as the same hour, half an hour to either side. */
const REACH = 2;
/** A quarter that was measured less than this says little about itself. */
const COVERED = 0.5;
/** What lies between these shares of all that was seen is usual. */
const LOW_SHARE = 0.05;
const HIGH_SHARE = 0.95;
/** Beyond the range by less than this share of its middle is still usual. */
const TOLERANCE = 0.05;

export type Quantity = 'power' | 'voltage' | 'frequency' | 'powerFactor';

export interface Usual {
  /** Both null until enough days are known. */
  low: number | null;
  high: number | null;
  days: number;
}

const quarterOf = (wall: number) => Math.floor((((wall % DAY_MS) + DAY_MS) % DAY_MS) / QUARTER_MS);

function share(sorted: number[], part: number): number {
  const at = (sorted.length - 1) * part;
  const below = sorted[Math.floor(at)] ?? 0;
  const above = sorted[Math.ceil(at)] ?? below;
  return below + (above - below) * (at - Math.floor(at));
}

/** For each quarter of the day what was usual before `until`. */
export function usualDay(
  points: HistoryPoint[],
  quantity: Quantity,
  until: number,
  timeZone: string,
): Usual[] {
  const seen = Array.from({ length: QUARTERS }, () => ({
    values: [] as number[],
    days: new Set<number>(),
  }));
  for (const point of points) {
    const value = point[quantity];
    const at = Date.parse(point.timestamp);
    if (value == null || at >= until || (point.coverage ?? 1) < COVERED) continue;
    const wall = wallOf(at, timeZone);
    for (let step = -REACH; step <= REACH; step += 1) {
      const near = wall + step * QUARTER_MS;
      const place = seen[quarterOf(near)];
      place?.values.push(value);
      place?.days.add(Math.floor(near / DAY_MS));
    }
  }
  return seen.map(({ values, days }) => {
    if (days.size < DAYS_WANTED) return { low: null, high: null, days: days.size };
    const sorted = values.sort((a, b) => a - b);
    return { low: share(sorted, LOW_SHARE), high: share(sorted, HIGH_SHARE), days: days.size };
  });
}

export const usualAt = (day: Usual[], at: number, timeZone: string): Usual =>
  day[quarterOf(wallOf(at, timeZone))] ?? { low: null, high: null, days: 0 };

export type Verdict = 'unknown' | 'usual' | 'above' | 'below';

export function verdictOf(value: number | null, { low, high }: Usual): Verdict {
  if (value === null || low === null || high === null) return 'unknown';
  const room = (Math.abs(low + high) / 2) * TOLERANCE;
  if (value > high + room) return 'above';
  return value < low - room ? 'below' : 'usual';
}
