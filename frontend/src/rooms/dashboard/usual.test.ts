import { describe, expect, it } from 'vitest';
import type { SiteUsual } from '@/api/types';
import { bandOf, settled, verdictOf } from './usual';

const range = (low: number | null, high: number | null) => ({
  low,
  high,
  days: 5,
  of: 'same_weekday' as const,
});

it('never calls usual what lies outside of the range that is shown', () => {
  const usual = range(88.9, 607);
  expect(verdictOf(83, usual)).toBe('below');
  expect(verdictOf(88.9, usual)).toBe('usual');
  expect(verdictOf(607, usual)).toBe('usual');
  expect(verdictOf(607.1, usual)).toBe('above');
});

it('judges only what is known', () => {
  expect(verdictOf(null, range(1, 2))).toBe('unknown');
  expect(verdictOf(100, range(null, null))).toBe('unknown');
  expect(verdictOf(100, null)).toBe('unknown');
});

it('waits a minute before it says that something is unusual', () => {
  expect(settled('above', 59_999)).toBe('unknown');
  expect(settled('above', 60_000)).toBe('above');
  expect(settled('below', 0)).toBe('unknown');
  expect(settled('usual', 0)).toBe('usual');
});

describe('the band behind the curve', () => {
  const from = '2026-11-21T11:15:00Z';
  const first = Date.parse(from) / 1000;
  const usual = (low_kw: (number | null)[], high_kw: (number | null)[]) =>
    ({ from, low_kw, high_kw }) as SiteUsual;

  it('is that of the quarter in which a point lies, and nothing beyond the day', () => {
    const band = bandOf(usual([1, null, 3], [10, null, 30]))!;
    expect(band(first)).toEqual({ low: 1, high: 10 });
    expect(band(first + 899)).toEqual({ low: 1, high: 10 });
    expect(band(first + 900)).toEqual({ low: null, high: null });
    expect(band(first + 1_800)).toEqual({ low: 3, high: 30 });
    for (const beyond of [first - 1, first + 2_700])
      expect(band(beyond)).toEqual({ low: null, high: null });
  });

  it('is not there while nothing is known', () => {
    expect(bandOf(null)).toBeNull();
    expect(bandOf(usual([null, null], [null, null]))).toBeNull();
  });
});
