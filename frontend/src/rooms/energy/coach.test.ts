import { describe, expect, it } from 'vitest';
import type { DemandNow, NamedLoad } from '@/api/types';
import { bandOf, securedKw, shed } from './coach';

const load = (name: string, kw: number | null, known = true): NamedLoad => ({
  name,
  kw,
  part: known ? { meter: name } : null,
});
const loads = [load('oven', 80), load('press', 30), load('pump', 12), load('light', 5)];
const names = (needKw: number) => shed(loads, needKw).drop.map(({ name }) => name);

describe('what to switch off', () => {
  it('is the one load that is enough and takes the least too much', () => {
    expect(names(4)).toEqual(['light']);
    expect(names(10)).toEqual(['pump']);
    expect(names(31)).toEqual(['oven']);
    expect(names(0)).toEqual([]);
  });

  it('is the fewest together where none is enough alone', () => {
    expect(names(84)).toEqual(['oven', 'light']);
    expect(names(115)).toEqual(['oven', 'press', 'light']);
  });

  it('says when all of them are not enough', () => {
    expect(shed(loads, 500)).toMatchObject({ freesKw: 127, enough: false });
    expect(shed([], 5)).toEqual({ drop: [], freesKw: 0, enough: false });
  });

  it('names nothing that cannot be switched off: the rest, what is not known, what feeds in', () => {
    const odd = [load('rest', 90, false), load('unknown', null), load('sun', -20), load('fan', 3)];
    expect(shed(odd, 50)).toMatchObject({ drop: [{ name: 'fan' }], enough: false });
  });
});

it('tells where the window may end, and what it ends with at least', () => {
  const running = {
    from: '2026-11-22T12:00:00Z',
    to: '2026-11-22T12:15:00Z',
    kwh_so_far: 10,
    mean_kw: 80,
    forecast_kw: 65,
    weeks: 0,
  } as DemandNow;
  expect(bandOf(running)).toEqual({ low: 65, high: 80 });
  expect(securedKw(running)).toBe(40);
});
