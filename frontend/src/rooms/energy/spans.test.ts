import { describe, expect, it } from 'vitest';
import type { BalanceNode } from '@/api/types';
import { depthOf, inTreeOrder } from './balance';
import { monthsBack, spanOf } from './spans';

const at = (text: string) => Date.parse(text);

describe('the periods of the overview', () => {
  it('begin and end on the clock of the site, across a clock change', () => {
    const now = at('2025-10-27T09:30:00Z');
    const yesterday = spanOf('yesterday', now, 'Europe/Paris');
    expect(yesterday.from).toBe(at('2025-10-25T22:00:00Z'));
    expect(yesterday.to - yesterday.from).toBe(25 * 3_600_000);
    expect(spanOf('lastMonth', now, 'Europe/Paris').to).toBe(at('2025-09-30T22:00:00Z'));
    expect(spanOf('today', now, 'Europe/Paris').to).toBe(now);
  });

  it('count months back over the new year', () => {
    expect(monthsBack(at('2026-01-31T23:30:00Z'), 'Africa/Tunis', 3)).toEqual([
      '2026-02',
      '2026-01',
      '2025-12',
    ]);
  });

  it('a place stands below the one it lies in, however the tree was entered', () => {
    const node = (id: string, parent: string | null) => ({ id, parent }) as BalanceNode;
    const nodes = [node('b1', 'b'), node('site', null), node('a', 'site'), node('b', 'site')];
    expect(inTreeOrder(nodes).map(({ id }) => id)).toEqual(['site', 'a', 'b', 'b1']);
    expect(depthOf(nodes[0]!, nodes)).toBe(2);
  });
});
