// How finely a view asks. Pure.
import type { Resolution } from '@/api/types';
import { addDays, calendarOf, DAY_MS, HOUR_MS, MINUTE_MS, monthStart } from '@/kit/zone';

export type Step = Exclude<Resolution, 'auto'>;

/** Finest first; the length of a bucket, ms, where it is fixed. */
export const lengths: [Step, number][] = [
  ['1min', MINUTE_MS],
  ['5min', 5 * MINUTE_MS],
  ['15min', 15 * MINUTE_MS],
  ['30min', 30 * MINUTE_MS],
  ['1hour', HOUR_MS],
  ['2hour', 2 * HOUR_MS],
  ['6hour', 6 * HOUR_MS],
  ['daily', DAY_MS],
  ['weekly', 7 * DAY_MS],
  ['monthly', 30 * DAY_MS],
];

/** The appliance answers at most this many points at once, with some air. */
export const POINTS_MAX = 4_000;
/** Below this the curve shows every single reading: an hour at five seconds is 720 of them. */
const RAW_BELOW_MS = 90 * MINUTE_MS;

const lengthOf = (step: Step) => lengths.find(([name]) => name === step)?.[1] ?? 1_000;

/** The finest buckets of which a curve of so many points is made. */
export function curveStep(lengthMs: number, points: number, singles: boolean): Step {
  if (singles && lengthMs <= RAW_BELOW_MS) return 'raw';
  const fits = lengths.find(([, length]) => lengthMs / length <= points);
  return fits?.[0] ?? 'daily';
}

/** Columns are looked at one by one: an hour of a day, a day of a month, a month of a year. */
export function columnStep(lengthMs: number): Step {
  if (lengthMs <= 6 * HOUR_MS) return '15min';
  if (lengthMs <= 3 * DAY_MS) return '1hour';
  return lengthMs <= 70 * DAY_MS ? 'daily' : 'monthly';
}

export const columnSteps = ['15min', '1hour', 'daily', 'weekly', 'monthly'] as const;
/** More columns or rows than this are no picture any more. */
const COLUMNS_MAX = 3_000;

/** The steps of columns that a period allows. */
export const columnChoices = (lengthMs: number): Step[] =>
  columnSteps.filter((step) => {
    const count = lengthMs / lengthOf(step);
    return count <= COLUMNS_MAX && count >= 0.9;
  });

/** A load-duration curve wants the quarter hours that the grid bills; a year has too many. */
export const durationStep = (lengthMs: number): Step =>
  lengthMs <= 70 * DAY_MS ? '15min' : '1hour';

/** The first instant after a bucket, ms. */
export function bucketEnd(start: number, step: Step, zone: string): number {
  if (step === 'daily') return addDays(start, 1, zone);
  if (step === 'weekly') return addDays(start, 7, zone);
  if (step === 'monthly') {
    const { year, month } = calendarOf(start, zone);
    return monthStart(year, month + 1, zone);
  }
  return start + lengthOf(step);
}

/** The pieces in which a period is asked for, so that no answer is too long. */
export function pieces(from: number, to: number, step: Step): [number, number][] {
  if (step === 'raw' || to <= from) return to > from ? [[from, to]] : [];
  const size = lengthOf(step) * POINTS_MAX;
  // A bucket on a cut comes in both pieces, whole each time; joining drops the second.
  const out: [number, number][] = [];
  for (let start = from; start < to; start += size) out.push([start, Math.min(to, start + size)]);
  return out;
}
