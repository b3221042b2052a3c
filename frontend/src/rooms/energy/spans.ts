// The periods of the overview on the clock of the site: pure.
import { addDays, calendarOf, dayStart, monthStart } from '@/kit/zone';

export const SPANS = ['today', 'yesterday', 'week', 'month', 'lastMonth'] as const;
export type SpanName = (typeof SPANS)[number];

export interface Span {
  from: number;
  to: number;
  /** How fine its cost is shown. */
  resolution: '1hour' | 'daily';
}

export function spanOf(name: SpanName, now: number, timeZone: string): Span {
  const today = dayStart(now, timeZone);
  const { year, month } = calendarOf(now, timeZone);
  switch (name) {
    case 'today':
      return { from: today, to: now, resolution: '1hour' };
    case 'yesterday':
      return { from: addDays(today, -1, timeZone), to: today, resolution: '1hour' };
    case 'week':
      return { from: addDays(today, -6, timeZone), to: now, resolution: 'daily' };
    case 'month':
      return { from: monthStart(year, month, timeZone), to: now, resolution: 'daily' };
    case 'lastMonth':
      return {
        from: monthStart(year, month - 1, timeZone),
        to: monthStart(year, month, timeZone),
        resolution: 'daily',
      };
  }
}

/** "2026-10": the month that is over last, and those before it. */
export function monthsBack(now: number, timeZone: string, count: number): string[] {
  const { year, month } = calendarOf(now, timeZone);
  return Array.from({ length: count }, (_, back) => {
    const at = new Date(Date.UTC(year, month - 1 - back, 1));
    return at.toISOString().slice(0, 7);
  });
}
