import { expect, it } from 'vitest';
import { sliceOf, startsOf } from './windowed';

const starts = startsOf(Array.from({ length: 5_000 }, (_, n) => (n % 10 === 0 ? 3 : 9)));
const whole = starts[5_000]!;

it('draws what is in sight of thousands, and keeps the place of the rest', () => {
  for (const top of [-50, 0, 1, 777.5, whole / 2, whole - 10, whole + 500]) {
    const { first, end, before, after } = sliceOf(starts, top, 60, 20);
    expect(end - first).toBeLessThan(40);
    expect(before + (starts[end]! - starts[first]!) + after).toBeCloseTo(whole);
    if (top < 0 || top > whole - 60) continue;
    expect(starts[first]).toBeLessThanOrEqual(top);
    expect(starts[end]).toBeGreaterThanOrEqual(top + 60);
  }
});

it('draws nothing of nothing', () => {
  expect(sliceOf(startsOf([]), 0, 60, 20)).toEqual({ first: 0, end: 0, before: 0, after: 0 });
});
