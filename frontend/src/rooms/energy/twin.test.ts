import { describe, expect, it } from 'vitest';
import type { TwinLine } from '@/api/types';
import { whyOf } from './twinWords';
import { faultsOf, linesOf, plainNumber, refusedAt, type TypedRow } from './twin';

const row = (key: number, name: string, amount: string, quantity = '', price = ''): TypedRow => ({
  key,
  name,
  quantity,
  price,
  amount,
});

describe('a typed bill', () => {
  it('reads numbers as bills print them', () => {
    const read = [
      '1 234,50',
      "1'234.50",
      '1.234,50',
      '1,234.50',
      '1\u202f234,5',
      '-12',
      '−3,2',
      '0.0689',
      '1.234.567',
      '١٬٢٣٤٫٥',
    ].map(plainNumber);
    expect(read).toEqual([
      '1234.50',
      '1234.50',
      '1234.50',
      '1234.50',
      '1234.5',
      '-12',
      '-3.2',
      '0.0689',
      '1234567',
      '1234.5',
    ]);
  });

  it('takes no number for one that is none', () => {
    expect(['', 'x', '12 EUR', '1,2,3', '1e5', '.5', '--1'].map(plainNumber)).toEqual(
      Array.from({ length: 7 }, () => null),
    );
  });

  it('names each fault at its field, and passes over empty lines', () => {
    const rows = [row(1, 'Day', ''), row(2, '', '5'), row(3, '', ''), row(4, 'Tax', '1', 'many')];
    expect([...faultsOf(rows)]).toEqual([
      ['1.amount', 'needed'],
      ['2.name', 'needed'],
      ['4.quantity', 'number'],
    ]);
  });

  it('sends what was typed, and finds the line of a refusal again', () => {
    const rows = [row(7, '', ''), row(8, ' Day ', '1 000,5', '', '0,1')];
    const { lines, from } = linesOf(rows);
    expect(lines).toEqual([{ name: 'Day', quantity: null, price: '0.1', amount: '1000.5' }]);
    expect(refusedAt('lines[0].price', from)).toBe('8.price');
    expect(refusedAt('lines[0]', from)).toBe('8.amount');
    expect(refusedAt('lines', from)).toBeNull();
  });
});

describe('why a line differs', () => {
  const computed = { quantity: '1000', price: '0.2', amount: '200', unit: 'kWh' };
  const line = (verdict: string, typed: object | null, ours: object | null = computed) =>
    whyOf({ verdict, typed, computed: ours, difference: '0' } as unknown as TwinLine);

  it('is told by the figures that differ', () => {
    expect(line('quantity', { quantity: '1050', amount: '210' })).toEqual({
      key: 'quantity',
      bill: '1050',
      ours: '1000',
      unit: 'kWh',
      share: 0.05,
    });
    expect(line('price', { price: '0.25', amount: '250' })).toMatchObject({
      bill: '0.25',
      ours: '0.2',
    });
    expect(line('amount', { amount: '250' })).toMatchObject({ bill: '1000', ours: '0.2' });
  });

  it('survives a line that only one of the two has, and a nought', () => {
    expect(line('not_in_tariff', { amount: '5' }, null)).toMatchObject({ bill: '5', ours: null });
    expect(line('not_on_bill', null)).toMatchObject({ bill: null, ours: '200', share: null });
    const none = { ...computed, quantity: '0' };
    expect(line('quantity', { quantity: '3', amount: '1' }, none).share).toBeNull();
  });
});
