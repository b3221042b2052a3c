// The period that is looked at, in the site's own days. Pure.
// Its text stands in the address: a preset ("today"), a day, a month, a year, days from..to (the
// last one included) or local times from..to.
import {
  addDays,
  calendarOf,
  DAY_MS,
  dayStart,
  dayText,
  HOUR_MS,
  instantOf,
  minuteText,
  monthStart,
  wallOf,
} from '@/kit/zone';

export const presets = [
  '1h',
  '24h',
  'today',
  'yesterday',
  '7d',
  'month',
  'lastMonth',
  'year',
] as const;
export type Preset = (typeof presets)[number];

/** Longest period, days: what one screen can say something about. */
export const DAYS_MAX = 366 * 3;

export interface Range {
  from: number;
  to: number;
  /** What the arrows move by. */
  unit: 'time' | 'days' | 'month' | 'year';
}

const DAY = /^(\d{4}-\d{2}-\d{2})$/;
const MONTH = /^(\d{4})-(0[1-9]|1[0-2])$/;
const YEAR = /^(\d{4})$/;
const DAYS = /^(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})$/;
const TIMES = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})\.\.(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})$/;

function presetRange(preset: Preset, now: number, zone: string): Range {
  const today = dayStart(now, zone);
  const days = (from: number, to: number): Range => ({
    from: addDays(today, from, zone),
    to: addDays(today, to, zone),
    unit: 'days',
  });
  const { year, month } = calendarOf(now, zone);
  switch (preset) {
    case '1h':
      return { from: now - HOUR_MS, to: now, unit: 'time' };
    case '24h':
      return { from: now - DAY_MS, to: now, unit: 'time' };
    case 'today':
      return days(0, 1);
    case 'yesterday':
      return days(-1, 0);
    case '7d':
      return days(-6, 1);
    case 'month':
      return monthRange(year, month, zone);
    case 'lastMonth':
      return monthRange(year, month - 1, zone);
    case 'year':
      return yearRange(year, zone);
  }
}

const monthRange = (year: number, month: number, zone: string): Range => ({
  from: monthStart(year, month, zone),
  to: monthStart(year, month + 1, zone),
  unit: 'month',
});

const yearRange = (year: number, zone: string): Range => ({
  from: monthStart(year, 1, zone),
  to: monthStart(year + 1, 1, zone),
  unit: 'year',
});

const wall = (text: string) => Date.parse(text.length > 10 ? `${text}:00Z` : `${text}T00:00:00Z`);

function written(text: string, zone: string): Range | null {
  let found = MONTH.exec(text);
  if (found) return monthRange(Number(found[1]), Number(found[2]), zone);
  found = YEAR.exec(text);
  if (found) return yearRange(Number(found[1]), zone);
  found = DAY.exec(text) ? DAYS.exec(`${text}..${text}`) : DAYS.exec(text);
  const unit = found ? ('days' as const) : ('time' as const);
  found ??= TIMES.exec(text);
  if (!found) return null;
  const [first, last] = [wall(found[1] ?? ''), wall(found[2] ?? '')];
  return {
    from: instantOf(first, zone),
    to: instantOf(unit === 'days' ? last + DAY_MS : last, zone),
    unit,
  };
}

/** The period of a text; null when it is none, empty, or too long to show. */
export function rangeOf(text: string, now: number, zone: string): Range | null {
  const preset = presets.find((known) => known === text);
  const range = preset ? presetRange(preset, now, zone) : written(text, zone);
  if (!range || !Number.isFinite(range.from) || !Number.isFinite(range.to)) return null;
  const length = range.to - range.from;
  return length > 0 && length <= DAYS_MAX * DAY_MS ? range : null;
}

/** The text of a period that is no preset. */
export function textOf(range: Range, zone: string): string {
  const [from, to] = [wallOf(range.from, zone), wallOf(range.to, zone)];
  if (range.unit === 'month') return dayText(from).slice(0, 7);
  if (range.unit === 'year') return dayText(from).slice(0, 4);
  if (range.unit === 'time') return `${minuteText(from)}..${minuteText(to)}`;
  const last = dayText(to - DAY_MS);
  return last === dayText(from) ? last : `${dayText(from)}..${last}`;
}

function moved(range: Range, steps: number, zone: string): Range {
  const { year, month } = calendarOf(range.from, zone);
  if (range.unit === 'month') return monthRange(year, month + steps, zone);
  if (range.unit === 'year') return yearRange(year + steps, zone);
  const length = wallOf(range.to, zone) - wallOf(range.from, zone);
  const by = steps * (range.unit === 'days' ? Math.max(DAY_MS, length) : length);
  return {
    from: instantOf(wallOf(range.from, zone) + by, zone),
    to: instantOf(wallOf(range.to, zone) + by, zone),
    unit: range.unit,
  };
}

/** The text of the period before or after; one that is a preset is called by its name, so that it
 * moves on with the clock. */
export function neighbour(text: string, steps: number, now: number, zone: string): string {
  const range = rangeOf(text, now, zone);
  if (!range) return text;
  const next = moved(range, steps, zone);
  const named = (['today', 'yesterday', '7d', 'month', 'lastMonth', 'year'] as const).find(
    (preset) => {
      const known = presetRange(preset, now, zone);
      return known.unit === next.unit && known.from === next.from && known.to === next.to;
    },
  );
  return named ?? textOf(next, zone);
}

export const comparisons = ['none', 'previous', 'week', 'year'] as const;
export type Comparison = (typeof comparisons)[number];

/** How far on the wall's clock the compared period lies back, ms. */
export function shiftOf(comparison: Comparison, range: Range, zone: string): number {
  const start = wallOf(range.from, zone);
  switch (comparison) {
    case 'none':
      return 0;
    case 'week':
      return 7 * DAY_MS;
    case 'year': {
      const before = new Date(start);
      before.setUTCFullYear(before.getUTCFullYear() - 1);
      return start - before.getTime();
    }
    case 'previous':
      return start - wallOf(moved(range, -1, zone).from, zone);
  }
}

export const shifted = (at: number, wallMs: number, zone: string): number =>
  instantOf(wallOf(at, zone) + wallMs, zone);
