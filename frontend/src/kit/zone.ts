// Local time arithmetic in a site's zone. Pure.
// A wall time is what the clock on the wall shows, kept as milliseconds as if it were UTC: days are
// added to it, and an instant is made of it again. That way a day has 23, 24 or 25 hours by itself.

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(timeZone, format);
  }
  return format;
}

/** Offsets change on whole quarters of an hour only; asked once for each of them. */
const QUARTER_MS = 15 * MINUTE_MS;
const OFFSETS_MAX = 50_000;
const offsets = new Map<string, Map<number, number>>();

/** How far the zone's clock is ahead of UTC at an instant, ms. */
export function offsetAt(at: number, timeZone: string): number {
  const quarter = Math.floor(at / QUARTER_MS);
  let known = offsets.get(timeZone);
  if (!known || known.size > OFFSETS_MAX) offsets.set(timeZone, (known = new Map()));
  let offset = known.get(quarter);
  if (offset === undefined) {
    const start = quarter * QUARTER_MS;
    const parts: Record<string, number> = {};
    for (const { type, value } of formatOf(timeZone).formatToParts(start))
      parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    offset = Date.UTC(year, month - 1, day, hour, minute, second) - start;
    known.set(quarter, offset);
  }
  return offset;
}

export const wallOf = (at: number, timeZone: string): number => at + offsetAt(at, timeZone);

/** The instant of a wall time; the first of two when the clock goes back, and what the clock
 * shows after the leap when it jumps over it. */
export function instantOf(wall: number, timeZone: string): number {
  const before = wall - offsetAt(wall - DAY_MS, timeZone);
  if (wallOf(before, timeZone) === wall) return before;
  const after = wall - offsetAt(wall + DAY_MS, timeZone);
  return wallOf(after, timeZone) === wall ? after : before;
}

const floorTo = (value: number, step: number) => Math.floor(value / step) * step;

export const dayStart = (at: number, timeZone: string): number =>
  instantOf(floorTo(wallOf(at, timeZone), DAY_MS), timeZone);

export const addDays = (at: number, days: number, timeZone: string): number =>
  instantOf(wallOf(at, timeZone) + days * DAY_MS, timeZone);

/** The first instant of a month; months before January and after December count on. */
export const monthStart = (year: number, month: number, timeZone: string): number =>
  instantOf(Date.UTC(year, month - 1, 1), timeZone);

export function calendarOf(at: number, timeZone: string) {
  const wall = new Date(wallOf(at, timeZone));
  return {
    year: wall.getUTCFullYear(),
    month: wall.getUTCMonth() + 1,
    day: wall.getUTCDate(),
    hour: wall.getUTCHours(),
  };
}

/** "2026-11-21" of a wall time. */
export const dayText = (wall: number): string => new Date(wall).toISOString().slice(0, 10);
/** "2026-11-21T08:30" of a wall time. */
export const minuteText = (wall: number): string => new Date(wall).toISOString().slice(0, 16);
