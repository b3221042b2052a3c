import { describe, expect, it } from 'vitest';
import type { EnergyPeaks } from '@/api/types';
import { answered, demandOf, highestOf } from './quarter';

const START = 900 * 1000;
const steady = (from: number, to: number, kw: number | null, step = 5) => {
  const times = Array.from({ length: (to - from) / step }, (_, n) => from + n * step);
  return { times, values: times.map(() => kw) };
};
const both = (...parts: ReturnType<typeof steady>[]) => ({
  times: parts.flatMap(({ times }) => times),
  values: parts.flatMap(({ values }) => values),
});

describe('the demand of the running quarter', () => {
  it('ends where it is when nothing changes', () => {
    const demand = demandOf(steady(START - 300, START + 300, 120), START + 300)!;
    expect(demand).toMatchObject({ startS: START, endS: START + 900, elapsedS: 300, coverage: 1 });
    expect(demand.meanKw).toBeCloseTo(120);
    expect(demand.securedKw).toBeCloseTo(40);
    expect(demand.endsKw).toBeCloseTo(120);
  });

  it('takes the rest to go on like the last minutes', () => {
    const curve = both(steady(START, START + 300, 100), steady(START + 300, START + 450, 200));
    const demand = demandOf(curve, START + 450)!;
    expect(demand.meanKw).toBeCloseTo((100 * 300 + 200 * 150) / 450);
    expect(demand.endsKw).toBeCloseTo((100 * 300 + 200 * 600) / 900);
  });

  it('counts nothing of the quarter before', () => {
    const curve = both(steady(START - 600, START, 900), steady(START, START + 60, 90));
    expect(demandOf(curve, START + 60)!.meanKw).toBeCloseTo(90);
  });

  it('says how much was measured, and lets no value stand for a long silence', () => {
    const demand = demandOf(steady(START, START + 60, 100), START + 600)!;
    expect(demand.coverage).toBeCloseTo((60 + 85) / 600, 2);
    expect(demand.endsKw).toBeNull();
    expect(demand.meanKw).toBeCloseTo(100);
  });

  it('is not known without a reading', () => {
    expect(demandOf(steady(START, START + 60, null), START + 60)).toBeNull();
    expect(demandOf({ times: [], values: [] }, START + 60)).toBeNull();
  });
});

it('takes the highest window of the day from the appliance, which knows how windows are told', () => {
  const at = '2026-11-21T11:03:20.000Z';
  const item = { at, to: '2026-11-21T11:18:20.000Z', kw: '120.5', estimated: true };
  const peaks = (items: unknown[]) => ({ window_minutes: 15, items }) as unknown as EnergyPeaks;
  const highest = { kw: 120.5, at: Date.parse(at), lengthS: 900, estimated: true };
  expect(highestOf(peaks([item]))).toEqual(highest);
  expect(highestOf(peaks([]))).toBeNull();
  expect(highestOf(null)).toBeNull();
});

describe('what the appliance says of the running window', () => {
  const running = {
    from: '2026-11-21T21:00:00Z',
    to: '2026-11-21T21:10:00Z',
    elapsed_s: 290,
    kwh_so_far: 5,
    mean_kw: 60,
    recent_kw: 70,
    forecast_kw: 65,
    weeks: 0,
    coverage: 0.8,
    contracted_kw: 62,
    allowed_kw: 64,
    available_kw: -6,
    will_exceed: true,
  };

  it('is of its own length, and knows what was ordered', () => {
    const { demand, ordered } = answered(running, Date.parse(running.from) / 1000 + 300);
    expect(demand).toMatchObject({ elapsedS: 300, securedKw: 30, endsKw: 65, coverage: 0.8 });
    expect(demand.endS - demand.startS).toBe(600);
    expect(ordered).toEqual({ kw: 62, availableKw: -6, exceeds: true });
  });

  it('orders nothing where the tariff does not', () => {
    expect(answered({ ...running, contracted_kw: null }, 0).ordered).toBeNull();
  });
});
