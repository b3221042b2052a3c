import { expect, it } from 'vitest';
import { cheapestFirst } from './others';

const row = (id: string, total: string | null, currency = 'TND', months = 1) => ({
  id,
  months: total === null ? 0 : months,
  bill: total === null ? null : { total, currency },
});

it('puts the cheapest first, and compares only what is of one currency', () => {
  const rows = cheapestFirst(
    [row('none', null), row('dear', '150.00'), row('cheap', '100.00'), row('far', '20', 'EUR')],
    'TND',
  );
  expect(rows.map(({ id, share }) => [id, share])).toEqual([
    ['cheap', null],
    ['dear', 0.5],
    ['far', null],
    ['none', null],
  ]);
  expect(cheapestFirst([row('nought', '0'), row('b', '1')], 'TND')[1]?.share).toBeNull();
});

it('compares no year that lacks months with a whole one', () => {
  const rows = cheapestFirst(
    [row('part', '50', 'TND', 7), row('whole', '100', 'TND', 12), row('dear', '120', 'TND', 12)],
    'TND',
  );
  expect(rows.map(({ id, share }) => [id, share])).toEqual([
    ['whole', null],
    ['dear', expect.closeTo(0.2)],
    ['part', null],
  ]);
});
