import { describe, expect, it } from 'vitest';
import type { Frame, Line, LineState, Tally } from '@/api/types';
import {
  framesQuery,
  hexWord,
  joined,
  outcomeLook,
  silentOn,
  tripBars,
  troubleChart,
  worstLinesFirst,
} from './lines';

const line = (key: string, state: LineState, devices: [string, number][] = []) =>
  ({
    key,
    state,
    devices: devices.map(([name, failures]) => ({ name, link: { failures } })),
  }) as Line;

describe('the list of lines', () => {
  it('shows the worst first, then by key', () => {
    const sorted = worstLinesFirst([
      line('c', 'working'),
      line('b', 'partly'),
      line('a', 'working'),
      line('d', 'unreachable'),
      line('e', 'troubled'),
    ]);
    expect(sorted.map(({ key }) => key)).toEqual(['d', 'b', 'e', 'a', 'c']);
  });

  it('names who is silent', () => {
    const devices: [string, number][] = [
      ['Oven', 0],
      ['Press', 3],
    ];
    expect(silentOn(line('a', 'partly', devices))).toEqual(['Press']);
  });
});

describe('round trips', () => {
  it('become bars from the first to the last that was counted', () => {
    const bars = tripBars([0, 4, 0, 2, 0], [1, 2, 5, 10]);
    expect(bars).toEqual([
      { startMs: 1, endMs: 2, count: 4, percent: 100 },
      { startMs: 2, endMs: 5, count: 0, percent: 0 },
      { startMs: 5, endMs: 10, count: 2, percent: 50 },
    ]);
    expect(tripBars([0, 0, 1], [1, 2])).toEqual([
      { startMs: 2, endMs: null, count: 1, percent: 100 },
    ]);
    expect(tripBars([0, 0], [1])).toEqual([]);
  });
});

describe('what went wrong', () => {
  const tally = (at: string, asked: number, answered: number, failures = 0) =>
    ({ at, asked, answered, connect_failures: failures }) as Tally;

  it('is drawn by quarter of an hour, with holes where nothing was said', () => {
    const chart = troubleChart([
      tally('2026-11-21T00:00:00Z', 10, 9),
      tally('2026-11-21T00:15:00Z', 10, 10),
      tally('2026-11-21T01:00:00Z', 0, 0, 4),
    ]);
    expect(chart.values).toEqual([1, 0, null, 4]);
    expect(chart.times[1]! - chart.times[0]!).toBe(900);
  });
});

describe('frames', () => {
  const frames = (...numbers: number[]) => numbers.map((number) => ({ number }) as Frame);

  it('are joined without a double', () => {
    const all = joined(frames(9, 8, 7), frames(8, 7, 6, 5), 10);
    expect(all.map(({ number }) => number)).toEqual([9, 8, 7, 6, 5]);
    expect(joined(frames(9, 8), frames(7, 6), 3)).toHaveLength(3);
    expect(joined([], frames(2, 1), 9)).toHaveLength(2);
  });

  it('are asked for by unit and outcome', () => {
    expect(framesQuery('', '')).toEqual({});
    expect(framesQuery('7', 'trouble')).toEqual({ unit: 7, outcome: 'trouble' });
  });

  it('are quiet when all is well', () => {
    expect(outcomeLook('answered').tone).toBe('normal');
    expect(outcomeLook('crc_wrong').tone).toBe('abnormal');
    expect(hexWord(52)).toBe('0034');
  });
});
