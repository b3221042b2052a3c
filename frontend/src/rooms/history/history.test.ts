import { describe, expect, it } from 'vitest';
import type { History, HistoryPoint } from '@/api/types';
import { DAY_MS, HOUR_MS } from '@/kit/zone';
import { durationOf, heatOf, heatStep } from './heat';
import { holesOf, indexAt, movedBy, pointsOf, statisticsOf, type Points } from './points';
import { catalogueOf, fits, forColumns, forCurve, parseRefs, sidesOf, SITE } from './series';
import { rowsOf, tableText } from './table';

const ZONE = 'Europe/Paris';
const START = Date.parse('2026-11-20T23:00:00Z');
const LATE = START + 400 * DAY_MS;

const point = (
  at: number,
  value: number | null,
  more: Partial<HistoryPoint> = {},
): HistoryPoint => ({
  timestamp: new Date(at).toISOString(),
  consumption: null,
  power: null,
  voltage: null,
  value,
  coverage: value === null ? 0 : 1,
  ...more,
});
const history = (series: HistoryPoint[]): History => ({
  series,
  resolution: '',
  count: series.length,
});
const hours = (values: (number | null)[], start = START, now = LATE): Points =>
  pointsOf(
    [history(values.map((value, n) => point(start + n * HOUR_MS, value)))],
    '1hour',
    now,
    ZONE,
  );

describe('points', () => {
  it('join over the cut of two answers, each bucket once', () => {
    const first = history([point(START, 1), point(START + HOUR_MS, 2)]);
    const second = history([point(START + HOUR_MS, 2), point(START + 2 * HOUR_MS, 3)]);
    expect(pointsOf([first, second], '1hour', LATE, ZONE).values).toEqual([1, 2, 3]);
  });

  it('leave out what lies ahead, and measure what runs on by its elapsed part', () => {
    const now = START + 1.5 * HOUR_MS;
    const answer = history([0, 1, 2].map((n) => point(START + n * HOUR_MS, 1, { coverage: 0.5 })));
    const points = pointsOf([answer], '1hour', now, ZONE);
    expect(points.cover).toEqual([0.5, 1]);
  });

  it('have a hole where single readings are missing', () => {
    const seconds = [0, 5, 10, 15, 120, 125];
    const answer = history(seconds.map((second) => point(START + second * 1000, second)));
    const points = pointsOf([answer], 'raw', LATE, ZONE);
    expect(points.values).toEqual([0, 5, 10, 15, null, 120, 125]);
  });

  it('end at the change of the clock where the day does', () => {
    const start = Date.parse('2026-10-24T22:00:00Z');
    const [end] = pointsOf([history([point(start, 1)])], 'daily', LATE, ZONE).ends;
    expect((end! - start) / HOUR_MS).toBe(25);
  });

  it('are found by the instant that they stand for', () => {
    const points = hours([1, 2]);
    expect(indexAt(points, START - 1)).toBe(-1);
    expect(indexAt(points, START + HOUR_MS - 1)).toBe(0);
    expect(indexAt(points, START + HOUR_MS)).toBe(1);
    expect(indexAt(points, START + 2 * HOUR_MS)).toBe(-1);
  });

  it('of a compared day come where the wall shows the same', () => {
    const moved = movedBy(hours([1, 2]), (at) => at + DAY_MS);
    expect(moved.times[0]).toBe(START + DAY_MS);
    expect(moved.values).toEqual([1, 2]);
  });
});

describe('what is said of a period', () => {
  it('names extremes with their time, and weighs the mean by what was measured', () => {
    const answer = history([
      point(START, 10, { min: 4, max: 12, coverage: 1 }),
      point(START + HOUR_MS, 40, { min: 30, max: 50, coverage: 0.5 }),
      point(START + 2 * HOUR_MS, null),
    ]);
    const points = pointsOf([answer], '1hour', LATE, ZONE);
    const found = statisticsOf(points, START, START + 3 * HOUR_MS)!;
    expect(found).toMatchObject({
      low: 4,
      lowAt: START,
      high: 50,
      highAt: START + HOUR_MS,
      mean: 20,
    });
    expect(found.cover).toBeCloseTo(0.5);
  });

  it('adds all energy, and judges only whole buckets', () => {
    const points = hours([5, 6, 1], START, START + 2.25 * HOUR_MS);
    points.cover[2] = 1;
    const judged = { adds: true, now: START + 2.25 * HOUR_MS };
    const found = statisticsOf(points, START, START + 3 * HOUR_MS, judged)!;
    expect(found).toMatchObject({ sum: 12, low: 5, high: 6, mean: 5.5 });
  });

  it('adds up what of the energy was reckoned', () => {
    const answer = history([
      point(START, 10, { consumption: 10, substituted: 4 }),
      point(START + HOUR_MS, 7, { consumption: 7 }),
      point(START + 2 * HOUR_MS, 6, { consumption: 6, substituted: 6 }),
    ]);
    const points = pointsOf([answer], '1hour', LATE, ZONE);
    expect(statisticsOf(points, START, START + 2 * HOUR_MS)).toMatchObject({
      energy: 17,
      spread: 4,
    });
    expect(statisticsOf(points, START, START + DAY_MS)?.spread).toBe(10);
  });

  it('is nothing where nothing was measured', () => {
    expect(statisticsOf(hours([null, null]), START, START + DAY_MS)).toBeNull();
  });

  it('joins neighbouring holes and tells gaps from parts', () => {
    const points = hours([1, null, null, 4, 5]);
    points.cover[3] = 0.5;
    expect(holesOf(points, START, START + DAY_MS)).toEqual([
      { from: START + HOUR_MS, to: START + 3 * HOUR_MS, kind: 'gap' },
      { from: START + 3 * HOUR_MS, to: START + 4 * HOUR_MS, kind: 'partial' },
    ]);
    expect(holesOf(points, START + 4 * HOUR_MS, START + DAY_MS)).toEqual([]);
  });
});

describe('the heat map', () => {
  const day = (start: string, count: number) => {
    const from = Date.parse(start);
    return {
      from,
      points: hours(
        Array.from({ length: count }, () => 1),
        from,
      ),
    };
  };

  it('has an empty hour in spring and adds the double one in autumn', () => {
    const spring = day('2026-03-28T23:00:00Z', 23);
    const heat = heatOf(spring.points, spring.from, spring.from + 23 * HOUR_MS, true, ZONE);
    expect(heat.days).toHaveLength(1);
    expect(
      heat.cells[0]!.map((value, hour) => (value === null ? hour : -1)).filter((h) => h >= 0),
    ).toEqual([2]);
    const autumn = day('2026-10-24T22:00:00Z', 25);
    const whole = heatOf(autumn.points, autumn.from, autumn.from + 25 * HOUR_MS, true, ZONE);
    expect(whole.cells[0]![2]).toBe(2);
    expect(whole.cells[0]!.reduce<number>((sum, value) => sum + (value ?? 0), 0)).toBe(25);
    const mean = heatOf(autumn.points, autumn.from, autumn.from + 25 * HOUR_MS, false, ZONE);
    expect(mean.cells[0]![2]).toBe(1);
  });

  it('shades from the least to the greatest', () => {
    expect([0, 49, 50, 100].map((value) => heatStep(value, 0, 100, 2))).toEqual([0, 0, 1, 1]);
    expect(heatStep(5, 5, 5, 7)).toBe(0);
  });
});

describe('the load-duration curve', () => {
  it('falls, and says for which share of the time at least so much was drawn', () => {
    const {
      shares,
      values,
      hours: measured,
    } = durationOf(hours([10, 30, null, 20, 40]), START, START + DAY_MS);
    expect(values).toEqual([40, 40, 30, 20, 10]);
    expect(shares).toEqual([0, 25, 50, 75, 100]);
    expect(measured).toBe(4);
  });

  it('is empty without readings', () => {
    expect(durationOf(hours([null]), START, START + DAY_MS).values).toEqual([]);
  });
});

describe('series', () => {
  const item = (metric: string, unit: string, counter = false, phase: string | null = null) => ({
    equipment_id: 'e1',
    equipment: 'Oven',
    key: phase ? `${metric}_${phase.toLowerCase()}` : metric,
    metric,
    phase,
    unit,
    counter,
    corrections: [],
  });

  it('are read from an address, each once, eight at most', () => {
    expect(
      parseRefs(['site:power', 'site:power', 'x', 'a:b:c', ':power', 'e1:Power!', 'e1:voltage_l1']),
    ).toEqual([
      { meter: 'site', key: 'power' },
      { meter: 'e1', key: 'voltage_l1' },
    ]);
    expect(parseRefs(Array.from({ length: 20 }, (_, n) => `e${n}:power`))).toHaveLength(8);
  });

  it('show the energy of a power as columns, and the power of an energy as a curve', () => {
    const catalogue = catalogueOf([item('power', 'kW'), item('voltage', 'V', false, 'L1')]);
    expect(catalogue[0]).toMatchObject({ meter: SITE, key: 'power' });
    const [power, voltage] = catalogue.slice(2);
    expect(forColumns(power!)).toMatchObject({
      meter: 'e1',
      key: 'consumption',
      unit: 'kWh',
      counter: true,
    });
    expect(forColumns(voltage!)).toBe(voltage);
    expect(forCurve(forColumns(power!))).toMatchObject({
      key: 'power',
      unit: 'kW',
      counter: false,
    });
  });

  it('stand on two axes at most', () => {
    expect(sidesOf(['kW', 'V', 'kW', '°C'])).toEqual(['left', 'right', 'left', null]);
    expect(fits(['kW'], 'V')).toBe(true);
    expect(fits(['kW', 'V'], '°C')).toBe(false);
    expect(fits(Array<string>(8).fill('kW'), 'kW')).toBe(false);
  });
});

describe('the table', () => {
  const known = catalogueOf([])[0]!;
  const shown = [
    { known, name: 'A, "one"', side: 'left' as const },
    { known, name: '=two', side: 'left' as const },
  ];

  it('has one row per bucket, empty where a series has none', () => {
    const rows = rowsOf([hours([1, 2]), hours([5], START + HOUR_MS)], START, START + DAY_MS);
    expect(rows.map(({ cells }) => cells.map(({ value }) => value))).toEqual([
      [1, null],
      [2, 5],
    ]);
    expect(rows[0]!.cells[1]!.cover).toBeNull();
  });

  it('goes out as CSV that no sheet takes for a formula', () => {
    const text = tableText(shown, [hours([1.5]), hours([null])], START, START + DAY_MS);
    const [head, row, end] = text.split('\r\n');
    expect(head).toContain('"A, ""one"" (kW)"');
    expect(head).toContain("'=two (kW)");
    expect(row).toBe('2026-11-20T23:00:00.000Z,1.5,,,1,,,,0');
    expect(end).toBe('');
  });
});
