// The periods that these screens ask for: pure.
import { addDays, DAY_MS, dayStart, dayText, wallOf } from '@/kit/zone';

/** Two years: what the appliance evaluates in one go, with room. */
const LONGEST_MS = 730 * DAY_MS;

/** From the end of a baseline up to now; null when nothing came after it. */
export function sinceBaseline(end: string, now: number): { from: string; to: string } | null {
  const from = Math.max(Date.parse(end), now - LONGEST_MS);
  if (from >= now) return null;
  return { from: new Date(from).toISOString(), to: new Date(now).toISOString() };
}

/** The last so many days of the site up to now. */
export function lastDays(days: number, now: number, timeZone: string) {
  const from = addDays(dayStart(now, timeZone), 1 - days, timeZone);
  return { from: new Date(from).toISOString(), to: new Date(now).toISOString() };
}

/** "2026-11-21": the day of the site. */
export const dayOf = (at: number, timeZone: string): string => dayText(wallOf(at, timeZone));

/** The Mondays of the last weeks, the current one first, as days of the site. */
export function weeksBack(now: number, timeZone: string, count: number): string[] {
  const today = dayStart(now, timeZone);
  const weekday = (new Date(wallOf(today, timeZone)).getUTCDay() + 6) % 7;
  const monday = addDays(today, -weekday, timeZone);
  return Array.from({ length: count }, (_, n) =>
    dayOf(addDays(monday, -7 * n, timeZone), timeZone),
  );
}

/** "October 2026": the month of the site that an instant lies in. */
export const monthText = (at: string, locale: string, timeZone: string): string =>
  new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric', timeZone }).format(
    Date.parse(at),
  );

/** Most shifts of a day. */
const SHIFTS_MAX = 6;

/** Whether a text names when shifts begin, each later than the one before: "06:00,14:00,22:00". */
export function areShifts(text: string): boolean {
  const hours = text.replace(/\s/g, '').split(',');
  return (
    hours.length <= SHIFTS_MAX &&
    hours.every(
      (hour, n) => /^([01]\d|2[0-3]):[0-5]\d$/.test(hour) && (n === 0 || hour > hours[n - 1]!),
    )
  );
}
