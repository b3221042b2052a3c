import { describe, expect, it } from 'vitest';
import { BESIDE, covers, RESERVE } from './reach';

const NOW = 100_000;
const had = { from: 1_000, to: 3_000, now: NOW };

describe('an answer covers', () => {
  it('what lies inside of it, its ends included', () => {
    expect(covers(had, [1_000, 3_000])).toBe(true);
    expect(covers(had, [999, 2_000])).toBe(false);
    expect(covers(had, [2_000, 3_001])).toBe(false);
  });

  it('what lies ahead of its own time, of which nothing can be known', () => {
    expect(covers({ ...had, to: NOW }, [2_000, NOW + 5_000])).toBe(true);
    expect(covers({ ...had, to: NOW - 1 }, [2_000, NOW + 5_000])).toBe(false);
  });

  it('a pull of a quarter, then asks while there is still something to see', () => {
    const [from, to] = [10_000, 20_000];
    const length = to - from;
    const answer = { from: from - length * BESIDE, to: to + length * BESIDE, now: NOW };
    const after = (share: number): [number, number] => [from + length * share, to + length * share];
    expect(covers(answer, after(RESERVE), RESERVE)).toBe(true);
    expect(covers(answer, after(RESERVE + 0.01), RESERVE)).toBe(false);
    expect(covers(answer, after(BESIDE))).toBe(true);
    expect(covers(answer, after(-BESIDE - 0.01))).toBe(false);
  });
});
