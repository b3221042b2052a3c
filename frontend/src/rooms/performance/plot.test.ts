import { expect, it } from 'vitest';
import { digitsOf, pathOf, rangeOf, scale, thinned, ticks } from './plot';

it('puts its lines at round numbers', () => {
  expect(ticks([0, 100])).toEqual([0, 20, 40, 60, 80, 100]);
  expect(ticks([-0.32, 0.31], 6)).toEqual([-0.2, 0, 0.2]);
  expect(ticks([1_180, 2_390])).toEqual([1_500, 2_000]);
  expect(ticks([0, 0.5]).every((n) => String(n).length <= 4)).toBe(true);
  expect(ticks([5, 5])).toEqual([5]);
});

it('writes no more digits than its lines need', () => {
  expect([
    digitsOf([0, 100]),
    digitsOf([0, 4_000]),
    digitsOf([0, 0.5]),
    digitsOf([0, 0.05]),
  ]).toEqual([0, 0, 1, 2]);
});

it('leaves room around the values and keeps a base', () => {
  expect(rangeOf([])).toEqual([0, 1]);
  expect(rangeOf([10, 20])).toEqual([9.4, 20.6]);
  expect(rangeOf([10, 20], 0)).toEqual([0, 21.2]);
  expect(rangeOf([7])[0]).toBeLessThan(7);
  expect(rangeOf([NaN, 4, Infinity], 0)[1]).toBeCloseTo(4.24);
});

it('turns values into places, upwards and along', () => {
  const up = scale([0, 10], 200, 0);
  expect([up(0), up(10), up(5)]).toEqual([200, 0, 100]);
  expect(scale([3, 3], 0, 10)(3)).toBe(0);
});

it('breaks a line where something is not known', () => {
  expect(pathOf([[0, 1], [2, 3], null, [4, 5]])).toBe('M0.0 1.0L2.0 3.0M4.0 5.0');
});

it('thins labels', () => {
  expect(thinned([1, 2, 3, 4, 5, 6, 7], 3)).toEqual([1, 4, 7]);
  expect(thinned([1], 0)).toEqual([1]);
});
