import { describe, expect, it } from 'vitest';
import type { FitQuality, ModelCoefficient } from '@/api/types';
import { isGood, judge, readSeldom, savingOf, standingOf } from './judge';

const fit = (more: Partial<FitQuality> = {}): FitQuality => ({
  observations: 24,
  parameters: 3,
  degrees_of_freedom: 21,
  r2: 0.9,
  adjusted_r2: 0.89,
  standard_error: 40,
  cv_rmse: 0.08,
  nmbe: 0,
  f: 90,
  f_p: 1e-9,
  durbin_watson: 1.9,
  autocorrelation: 0.02,
  ...more,
});
const of = (name: string, p: number | null): ModelCoefficient => ({
  name,
  value: 2,
  standard_error: 0.1,
  t: 20,
  p,
  low: 1.8,
  high: 2.2,
});
const months = { kind: 'model', period: 'month' } as const;

describe('a model', () => {
  it('is good when every figure is within its limit', () => {
    const all = judge(fit(), [of('parts', 0.001), of('outside', 0.02)], months);
    expect(all.map(({ figure }) => figure)).toEqual(['r2', 'cv', 'p', 'bias', 'durbin', 'count']);
    expect(isGood(all)).toBe(true);
  });

  it('says which figure makes it doubtful, and of which variable', () => {
    const doubts = (quality: Partial<FitQuality>, p = 0.01) =>
      judge(fit(quality), [of('parts', 0.001), of('outside', p)], months)
        .filter(({ good }) => !good)
        .map(({ figure, of: name }) => [figure, name]);
    expect(doubts({ r2: 0.74 })).toEqual([['r2', undefined]]);
    expect(doubts({ cv_rmse: 0.26 })).toEqual([['cv', undefined]]);
    expect(doubts({}, 0.3)).toEqual([['p', 'outside']]);
    expect(doubts({ durbin_watson: 0.6 })).toEqual([['durbin', undefined]]);
    expect(doubts({ observations: 11 })).toEqual([['count', undefined]]);
    expect(doubts({ cv_rmse: null })).toEqual([['cv', undefined]]);
  });

  it('lets days scatter more than months', () => {
    const days = judge(fit({ cv_rmse: 0.29 }), [], { kind: 'model', period: 'day' });
    expect(days.find(({ figure }) => figure === 'cv')?.good).toBe(true);
  });

  it('asks no R² of a plain value', () => {
    const value = judge(fit({ r2: 0 }), [of('days', 0.9)], { kind: 'value', period: 'day' });
    expect(value.map(({ figure }) => figure)).toEqual(['cv', 'bias', 'durbin', 'count']);
  });
});

it('tells the standing of an indicator', () => {
  const savings = { periods: 5 };
  expect(standingOf(0, null)).toBe('none');
  expect(standingOf(1, null)).toBe('unknown');
  expect(standingOf(1, { savings: { periods: 0 } })).toBe('unknown');
  expect(standingOf(1, { savings, drift: null })).toBe('as_expected');
  expect(standingOf(2, { savings, drift: { direction: 'more' } })).toBe('more');
});

it('calls nothing a saving that chance explains', () => {
  expect(savingOf({ saved_kwh: 90, significant: false, periods: 9 })).toBe('chance');
  expect(savingOf({ saved_kwh: 90, significant: true, periods: 9 })).toBe('saved');
  expect(savingOf({ saved_kwh: -90, significant: true, periods: 9 })).toBe('wasted');
  expect(savingOf({ saved_kwh: 0, significant: false, periods: 0 })).toBe('none');
});

it('calls a week of the voltage estimated when more than one mean in twenty is one reading', () => {
  expect(readSeldom({ estimated: 50, intervals: 1_000 })).toBe(false);
  expect(readSeldom({ estimated: 51, intervals: 1_000 })).toBe(true);
  expect(readSeldom({ estimated: 0, intervals: 0 })).toBe(false);
});
