import { expect, it } from 'vitest';
import { pageShown, shiftAt, SHIFT_EVERY_S, turnAt } from './rotation';

it('shows each page for its seconds, round after round', () => {
  const turns = [
    { name: 'a', seconds: 10 },
    { name: 'b', seconds: 30 },
    { name: 'c', seconds: 5 },
  ];
  const counts = [0, 0, 0];
  for (let second = 0; second < 90; second += 1) counts[turnAt(turns, second)]! += 1;
  expect(counts).toEqual([20, 60, 10]);
  expect(turnAt([{ name: 'a', seconds: 10 }], 12345)).toBe(0);
  expect(turnAt([], 5)).toBe(0);
});

it('turns to nothing new while the appliance is away', () => {
  const stood = new Set(['a', 'b']);
  expect(pageShown('c', 'a', { lost: false, stood })).toBe('c');
  expect(pageShown('c', 'a', { lost: true, stood })).toBe('a');
  expect(pageShown('b', 'a', { lost: true, stood })).toBe('b');
  // What never stood has no place to keep.
  expect(pageShown('c', null, { lost: true, stood: new Set() })).toBe('c');
});

it('moves a little each minute, never far, and comes back', () => {
  const seen = Array.from({ length: 9 }, (_, n) => shiftAt(n * SHIFT_EVERY_S));
  expect(new Set(seen.map(({ x, y }) => `${x},${y}`)).size).toBe(9);
  expect(Math.max(...seen.flatMap(({ x, y }) => [Math.abs(x), Math.abs(y)]))).toBeLessThan(5);
  expect(shiftAt(9 * SHIFT_EVERY_S)).toEqual(seen[0]);
  expect(shiftAt(30)).toEqual(shiftAt(0));
});
