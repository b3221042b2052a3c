import { describe, expect, it } from 'vitest';
import { HOUR_MS } from '@/kit/zone';
import { curvesOf, durationCurves, marksOf, type Shown } from './curvesOf';
import { noPoints, type Points } from './points';
import type { MeterEvent } from '@/api/types';
import type { Answered } from './useHistoryData';

const hours = (values: (number | null)[]): Points => ({
  ...noPoints('1hour'),
  times: values.map((_, n) => n * HOUR_MS),
  ends: values.map((_, n) => (n + 1) * HOUR_MS),
  values,
  low: values,
  high: values,
  cover: values.map((value) => (value === null ? 0 : 1)),
  energy: values.map(() => null),
  spread: values.map(() => null),
});
const shown = (key: string, corrections: Shown['known']['corrections'] = []): Shown => ({
  known: {
    meter: 'e1',
    key,
    equipment: 'Oven',
    metric: key,
    phase: null,
    unit: 'kW',
    counter: false,
    corrections,
  },
  name: key,
  side: 'left',
});
const answered = (points: Points[], before: Points[] | null = null): Answered => ({
  asked: {
    series: [],
    step: '1hour',
    from: 0,
    to: 4 * HOUR_MS,
    shift: 0,
    now: 3.5 * HOUR_MS,
    zone: 'UTC',
  },
  points,
  before,
  events: points.map(() => []),
});

describe('the curves', () => {
  it('lie over what they are compared with, under the same colour and letter', () => {
    const curves = curvesOf([shown('power')], answered([hours([1])], [hours([2])]), false);
    expect(curves.map(({ tag, look, ghost }) => [tag, look, ghost])).toEqual([
      ['A′', 0, true],
      ['A', 0, false],
    ]);
    expect(curves[1]!.low).not.toBeNull();
    expect(curves[0]!.low).toBeNull();
  });

  it('say of columns of energy what was reckoned, of nothing else', () => {
    const energy = shown('consumption');
    const kwh = { ...energy, known: { ...energy.known, unit: 'kWh', counter: true } };
    const points = { ...hours([5]), spread: [2] };
    expect(curvesOf([kwh], answered([points]), true)[0]!.doubt).toEqual([2]);
    expect(curvesOf([shown('power')], answered([points]), false)[0]!.doubt).toBeNull();
  });

  it('show no envelopes when there are many', () => {
    const four = ['a', 'b', 'c', 'd'].map((key) => shown(key));
    const curves = curvesOf(four, answered(four.map(() => hours([1]))), false);
    expect(curves.every(({ low }) => low === null)).toBe(true);
  });

  it('say until when what they show is over', () => {
    const [column] = curvesOf([shown('power')], answered([hours([1, 1, 1, 1])]), true);
    expect(column!.ends.map((end) => end <= column!.until)).toEqual([true, true, true, false]);
  });

  it('of a duration run over shares of the time', () => {
    const [curve] = durationCurves([shown('power')], answered([hours([1, 3])]));
    expect(curve!.times).toEqual([0, 50, 100]);
    expect(curve!.values).toEqual([3, 3, 1]);
  });
});

describe('the marks', () => {
  it('hatch the whole height only where all series have nothing', () => {
    const both = answered([hours([1, null, null, 4]), hours([1, null, null, null])]);
    const marks = marksOf([shown('a'), shown('b')], both);
    expect(marks).toContainEqual({ from: HOUR_MS, to: 3 * HOUR_MS, kind: 'gap' });
    expect(marks).toContainEqual({ from: HOUR_MS, to: 4 * HOUR_MS, kind: 'partial' });
    expect(marks.filter(({ kind }) => kind === 'gap')).toHaveLength(1);
  });

  it('show what was done to a counter in the period, and nothing of before', () => {
    const event = (at: number): MeterEvent => ({
      id: at,
      equipment: 'e1',
      metric: 'consumption',
      phase: 'total',
      at: new Date(at).toISOString(),
      change: { kind: 'ratio', factor: 2 },
      reason: 'Other transformers',
      by: 'u1',
      entered: new Date(at).toISOString(),
      undone: null,
      by_name: null,
      undone_by_name: null,
    });
    const answer = { ...answered([hours([1, 2, 3, 4])]), events: [[event(-5), event(HOUR_MS)]] };
    expect(marksOf([shown('consumption')], answer)).toEqual([
      { from: HOUR_MS, to: HOUR_MS, kind: 'event' },
    ]);
  });

  it('show corrections that touch the period, and no others', () => {
    const correction = (from: number, to: number) => ({
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      change: { do: 'exclude' as const },
      why: 'Current transformer changed',
      at: new Date(to).toISOString(),
    });
    const known = [correction(-5, -1), correction(HOUR_MS, 2 * HOUR_MS)];
    const marks = marksOf([shown('a', known)], answered([hours([1, 2, 3, 4])]));
    expect(marks).toEqual([{ from: HOUR_MS, to: 2 * HOUR_MS, kind: 'corrected' }]);
  });
});
