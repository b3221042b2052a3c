import { describe, expect, it } from 'vitest';
import type { Quality } from '@/api/types';
import { ageMs, pushIsCurrent, readingOf, siteReading } from './age';

const now = Date.parse('2026-11-21T12:00:00Z');
const at = (secondsAgo: number) => new Date(now - secondsAgo * 1000).toISOString();
const value = (quality: Quality, number: number | null = 42, secondsAgo = 2) => ({
  value: number,
  quality,
  timestamp: at(secondsAgo),
});
const current = { now, current: true };

describe('a reading', () => {
  it('is in normal ink only when it is good and came over the present connection', () => {
    expect(readingOf(value('good'), current).tone).toBe('good');
    expect(readingOf(value('good'), { now, current: false }).tone).toBe('old');
  });

  it('is never in normal ink while disconnected, whatever its quality', () => {
    const all: Quality[] = ['good', 'stale', 'missing', 'substituted', 'manual', 'bad'];
    for (const quality of all)
      expect(['old', 'none']).toContain(readingOf(value(quality), { now, current: false }).tone);
  });

  it('says why there is no number', () => {
    expect(readingOf(undefined, current)).toMatchObject({ tone: 'none', reason: 'no_data' });
    expect(readingOf(value('missing', null), current).reason).toBe('missing');
    expect(readingOf(value('good', null), current)).toMatchObject({ value: null, tone: 'none' });
  });

  it('shows no number that the device itself calls bad', () => {
    expect(readingOf(value('bad', 42), current).value).toBeNull();
  });

  it('keeps a stale number, grey and with its age', () => {
    expect(readingOf(value('stale', 42, 720), current)).toEqual({
      value: 42,
      tone: 'old',
      reason: 'stale',
      ageMs: 720_000,
    });
  });

  it('marks what was not measured', () => {
    expect(readingOf(value('substituted'), current).tone).toBe('marked');
    expect(readingOf(value('manual'), current).tone).toBe('marked');
  });

  it('does not trust a quality that it does not know', () => {
    expect(readingOf(value('shiny' as Quality), current).tone).toBe('none');
  });
});

describe('age', () => {
  it('is never negative, for a clock that runs ahead', () => {
    expect(ageMs(at(-3), now)).toBe(0);
  });
  it('is unknown without a time', () => {
    expect(ageMs(null, now)).toBeNull();
    expect(ageMs('yesterday', now)).toBeNull();
  });
});

describe('the site’s figures', () => {
  const fresh = { ...current, fresh: true };

  it('are waited for until the first push, which says nothing about the meters', () => {
    expect(siteReading(undefined, null, fresh)).toMatchObject({ tone: 'none', reason: 'waiting' });
  });

  it('are missing when the appliance says that nothing is fresh', () => {
    expect(siteReading(null, at(1), fresh)).toMatchObject({ tone: 'none', reason: 'missing' });
  });

  it('age when the push stays away although the line is alive', () => {
    expect(siteReading(5, at(40), { ...fresh, fresh: false }).tone).toBe('old');
    expect(pushIsCurrent(now - 14_000, now, 5_000)).toBe(true);
    expect(pushIsCurrent(now - 16_000, now, 5_000)).toBe(false);
  });

  it('follow the pace of the push, when the site has a slower one', () => {
    expect(pushIsCurrent(now - 100_000, now, 60_000)).toBe(true);
    expect(pushIsCurrent(now - 181_000, now, 60_000)).toBe(false);
  });
});
