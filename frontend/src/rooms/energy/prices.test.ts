import { describe, expect, it } from 'vitest';
import type { TariffRules } from '@/api/types';
import { figuresOf, withFigures, plain } from './prices';

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
    expect(figuresOf(rules).map(({ names, value }) => `${names.join(' | ')} ${value}`)).toEqual([
      'Day | \u2066≤ 100\u00a0kWh\u2069 0.1',
      'Day 0.2',
      'Day 200',
      'Meter 12',
      'Power | Day 35',
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

  it('are typed as a bill of the country prints them; what is no number is left to be refused', () => {
    const typed = (value: string) =>
      figuresOf(
        withFigures(
          rules,
          figuresOf(rules).map((one) => ({ ...one, value })),
        ),
      )[0]?.value;
    expect(typed('٣٦٫٥')).toBe('36.5');
    expect(typed('1 234,50')).toBe('1234.50');
    expect(typed(' twelve ')).toBe('twelve');
  });

  it('writes a decimal with all its digits, as the reader does', () => {
    expect([plain('0.0940', 'en-GB'), plain('1250', 'fr-FR'), plain('0.5', 'fr-FR')]).toEqual([
      '0.0940',
      '1\u202f250',
      '0,5',
    ]);
  });
});
