import { expect, it } from 'vitest';
import { append, stepDigits, valueRange, withHoles } from './chartData';

it('puts a hole where readings stayed away, and nowhere else', () => {
  const data = withHoles({ times: [0, 5, 10, 60, 65], values: [1, 2, 3, 4, 5] }, 15);
  expect(data.times).toEqual([0, 5, 10, 17.5, 60, 65]);
  expect(data.values).toEqual([1, 2, 3, null, 4, 5]);
});

it('keeps the holes that the appliance reported', () => {
  const data = withHoles({ times: [0, 5, 10], values: [1, null, 3] }, 15);
  expect(data.values).toEqual([1, null, 3]);
});

it('appends the newest point and lets the oldest go', () => {
  const before = { times: [0, 5, 10], values: [1, 2, 3] };
  expect(append(before, 15, 4, 10)).toEqual({ times: [5, 10, 15], values: [2, 3, 4] });
});

it('does not draw the same moment twice, nor go back in time', () => {
  const before = { times: [0, 5], values: [1, 2] };
  expect(append(before, 5, 9, 60)).toBe(before);
  expect(append(before, 4, 9, 60)).toBe(before);
});

it('starts the axis at zero for power, and close to the values for a voltage', () => {
  expect(valueRange(200, 400, true)[0]).toBe(0);
  expect(valueRange(-50, 400, true)[0]).toBeLessThan(-50);
  expect(valueRange(228, 232, false)[0]).toBeGreaterThan(220);
  expect(valueRange(null, null, true)).toEqual([0, 1]);
});

it('gives an axis the digits that its steps need', () => {
  expect([100, 50, 5, 0.5, 0.25, 0.05].map(stepDigits)).toEqual([0, 0, 0, 1, 2, 2]);
  expect(stepDigits(0)).toBe(4);
});
