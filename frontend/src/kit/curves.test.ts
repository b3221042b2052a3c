import { describe, expect, it } from 'vitest';
import { aligned, dashes, LOOKS, stepFrom, zoomed, type Curve } from './curves';

const curve = (times: number[], values: (number | null)[], length = 0): Curve => ({
  key: 'k',
  tag: 'A',
  name: 'n',
  unit: 'kW',
  look: 0,
  ghost: false,
  shape: 'line',
  side: 'left',
  fromZero: true,
  times,
  ends: times.map((time) => time + length),
  values,
  low: null,
  high: null,
  cover: values.map(() => 1),
  doubt: null,
  until: Infinity,
});

describe('several curves on one axis', () => {
  it('keeps a hole and does not make one where another curve has a point', () => {
    const { places, columns } = aligned([curve([0, 20], [1, null]), curve([10, 20], [5, 6])]);
    expect(places).toEqual([0, 10, 20]);
    expect(columns).toEqual([
      [1, undefined, null],
      [undefined, 5, 6],
    ]);
  });

  it('draws a bucket in its middle, with its envelope before it', () => {
    const banded = { ...curve([0, 60], [2, 3], 60), low: [1, 1], high: [4, 5] };
    const { places, columns } = aligned([banded]);
    expect(places).toEqual([30, 90]);
    expect(columns).toEqual([
      [4, 5],
      [1, 1],
      [2, 3],
    ]);
  });

  it('has a dash of its own for every colour', () => {
    expect(new Set(dashes.map(String)).size).toBe(LOOKS);
  });
});

describe('moving', () => {
  it('keeps the place under the hand', () => {
    expect(zoomed([0, 100], 25, 0.5, [1, 1000])).toEqual([12.5, 62.5]);
    expect(zoomed([0, 100], 100, 2, [1, 1000])).toEqual([-100, 100]);
  });

  it('stops at the nearest and the widest span', () => {
    expect(zoomed([0, 100], 50, 0.001, [10, 1000])).toEqual([45, 55]);
    expect(zoomed([0, 100], 0, 1e6, [10, 1000])).toEqual([0, 1000]);
  });

  it('steps from point to point and stays inside', () => {
    expect(stepFrom([10, 20, 30], null, 1)).toBe(10);
    expect(stepFrom([10, 20, 30], null, -1)).toBe(30);
    expect(stepFrom([10, 20, 30], null, -Infinity)).toBe(10);
    expect(stepFrom([10, 20, 30], null, Infinity)).toBe(30);
    expect(stepFrom([10, 20, 30], 21, 1)).toBe(30);
    expect(stepFrom([10, 20, 30], 30, 5)).toBe(30);
    expect(stepFrom([10, 20, 30], 20, -Infinity)).toBe(10);
    expect(stepFrom([], null, 1)).toBeNull();
  });
});
