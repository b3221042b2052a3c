import { describe, expect, it } from 'vitest';
import type { TariffRules } from '@/api/types';
import { figuresOf, withFigures } from './prices';

const rules = {
  currency: 'EUR',
  periods: [
    { id: 'day', name: 'Day', tiers: [{ up_to_kwh: '100', price: '0.1' }, { price: '0.2' }] },
  ],
  calendar: [],
  contracted: [{ period: 'day', kw: '200' }],
  charges: [
    { kind: 'fixed', name: 'Meter', price: '12', per: 'month' },
    {
      kind: 'contracted_steps',
      name: 'Power',
      per: 'year',
      prices: [{ period: 'day', value: '35' }],
    },
  ],
  taxes: [{ name: 'VAT', percent: '19', on: ['energy'] }],
} as unknown as TariffRules;

describe('the figures of a tariff', () => {
  it('are all there, each with a name', () => {
    expect(figuresOf(rules).map(({ name, value }) => `${name} ${value}`)).toEqual([
      'Day, ≤ 100 kWh 0.1',
      'Day 0.2',
      'Day 200',
      'Meter 12',
      'Power, Day 35',
      'VAT 19',
    ]);
  });

  it('go back to where they came from, with the comma of the language, and change nothing else', () => {
    const figures = figuresOf(rules).map((one, at) =>
      at === 4 ? { ...one, value: ' 36,5 ' } : one,
    );
    const changed = withFigures(rules, figures);
    expect(figuresOf(changed)[4]?.value).toBe('36.5');
    expect(figuresOf(rules)[4]?.value).toBe('35');
    expect({ ...changed, charges: rules.charges }).toEqual(rules);
  });
});
