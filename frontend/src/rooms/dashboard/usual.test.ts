import { describe, expect, it } from 'vitest';
import type { HistoryPoint } from '@/api/types';
import { usualAt, usualDay, verdictOf } from './usual';

const DAY = 86_400_000;
const until = Date.parse('2026-11-21T12:00:00Z');
const zone = 'Africa/Tunis';
/** Days of quarters, the younger the greater: day 1 draws 10 kW, day 2 draws 20. */
const points = (days: number, of: (day: number) => Partial<HistoryPoint>): HistoryPoint[] =>
  Array.from({ length: days * 96 }, (_, n) => {
    const at = until - days * DAY + n * 900_000;
    return { timestamp: new Date(at).toISOString(), ...of(Math.floor(n / 96) + 1) };
  });
const at = (list: HistoryPoint[], hour = 0) =>
  usualAt(usualDay(list, 'power', until, zone), until + hour * 3_600_000, zone);

describe('what is usual', () => {
  it('lies between what the days before showed at this hour', () => {
    const usual = at(points(5, (day) => ({ power: day * 10, coverage: 1 })));
    expect(usual.days).toBeGreaterThanOrEqual(5);
    expect(usual.low).toBeGreaterThanOrEqual(10);
    expect(usual.high).toBeLessThanOrEqual(50);
    expect(usual.high! - usual.low!).toBeGreaterThan(20);
  });

  it('is not known from two days', () => {
    expect(
      at(
        points(2, () => ({ power: 1, coverage: 1 })),
        6,
      ),
    ).toEqual({
      low: null,
      high: null,
      days: 2,
    });
  });

  it('learns nothing from gaps, from what was hardly measured and from the day that it judges', () => {
    expect(at(points(5, () => ({ power: null, coverage: 0 }))).days).toBe(0);
    expect(at(points(5, () => ({ power: 1, coverage: 0.2 }))).days).toBe(0);
    const young = points(5, () => ({ power: 1, coverage: 1 }));
    expect(usualAt(usualDay(young, 'power', until - 5 * DAY, zone), until, zone).days).toBe(0);
  });

  it('keeps the hours apart', () => {
    const busyAtNoon = points(5, () => ({ coverage: 1 })).map((point) => ({
      ...point,
      power: point.timestamp.slice(11, 13) === '12' ? 100 : 1,
    }));
    expect(at(busyAtNoon, 0.5).high).toBe(100);
    expect(at(busyAtNoon, 6).high).toBe(1);
  });
});

it('judges only what is known, and forgives a little', () => {
  const usual = { low: 90, high: 110, days: 5 };
  expect(verdictOf(100, usual)).toBe('usual');
  expect(verdictOf(114, usual)).toBe('usual');
  expect(verdictOf(116, usual)).toBe('above');
  expect(verdictOf(84, usual)).toBe('below');
  expect(verdictOf(null, usual)).toBe('unknown');
  expect(verdictOf(100, { low: null, high: null, days: 1 })).toBe('unknown');
});
