import { describe, expect, it } from 'vitest';
import {
  addDays,
  dayStart,
  DAY_MS,
  HOUR_MS,
  instantOf,
  monthStart,
  offsetAt,
  wallOf,
} from './zone';

const PARIS = 'Europe/Paris';
const at = (text: string) => Date.parse(text);
const text = (ms: number) => new Date(ms).toISOString().slice(0, 16);

describe('the clock of a site', () => {
  it('is ahead of UTC by what the season says', () => {
    expect(offsetAt(at('2026-01-15T00:00Z'), PARIS)).toBe(HOUR_MS);
    expect(offsetAt(at('2026-07-15T00:00Z'), PARIS)).toBe(2 * HOUR_MS);
    expect(offsetAt(at('2026-01-15T00:07Z'), 'Asia/Kolkata')).toBe(5.5 * HOUR_MS);
    expect(text(wallOf(at('2026-07-15T12:00Z'), PARIS))).toBe('2026-07-15T14:00');
  });

  it.each([
    ['2026-03-29', 23],
    ['2026-10-25', 25],
    ['2026-06-01', 24],
  ])('%s has %i hours', (day, hours) => {
    const start = instantOf(at(`${day}T00:00Z`), PARIS);
    expect((addDays(start, 1, PARIS) - start) / HOUR_MS).toBe(hours);
    expect(dayStart(start + 12 * HOUR_MS, PARIS)).toBe(start);
    expect(addDays(addDays(start, 1, PARIS), -1, PARIS)).toBe(start);
  });

  it('takes the first of the two hours in autumn, and jumps over the one that spring leaves out', () => {
    expect(text(instantOf(at('2026-10-25T02:30Z'), PARIS))).toBe('2026-10-25T00:30');
    expect(text(instantOf(at('2026-03-29T02:30Z'), PARIS))).toBe('2026-03-29T01:30');
  });

  it('finds the beginning of a day that has no midnight', () => {
    const start = dayStart(at('2026-03-29T12:00Z'), 'Asia/Beirut');
    expect(text(start)).toBe('2026-03-28T22:00');
    expect(text(wallOf(start, 'Asia/Beirut'))).toBe('2026-03-29T01:00');
  });

  it('counts months beyond the year', () => {
    expect(text(monthStart(2026, 13, PARIS))).toBe('2026-12-31T23:00');
    expect(text(monthStart(2026, 0, PARIS))).toBe('2025-11-30T23:00');
    expect((monthStart(2026, 11, PARIS) - monthStart(2026, 10, PARIS)) / DAY_MS).toBeCloseTo(
      31 + 1 / 24,
    );
  });
});
