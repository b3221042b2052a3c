import { describe, expect, it } from 'vitest';
import type { TariffRules } from '@/api/types';
import { weekOf } from './week';

const rules = {
  periods: [{ id: 'day' }, { id: 'night' }],
  calendar: [
    { season: null, days: ['sun'], from: '00:00', to: '24:00', period: 'night' },
    { season: 'winter', days: [], from: '07:00', to: '22:00', period: 'day' },
    { season: null, days: [], from: '22:00', to: '07:00', period: 'night' },
  ],
} as unknown as TariffRules;

describe('the week of a tariff', () => {
  it('takes the first slot that fits, also over midnight', () => {
    const winter = weekOf(rules, 'winter');
    expect(winter.filter(({ day }) => day === 0)).toEqual([
      { day: 0, from: 0, to: 420, period: 1 },
      { day: 0, from: 420, to: 1_320, period: 0 },
      { day: 0, from: 1_320, to: 1_440, period: 1 },
    ]);
    expect(winter.filter(({ day }) => day === 6)).toHaveLength(1);
  });

  it('shows where no slot says anything', () => {
    expect(weekOf(rules, null).some(({ period }) => period === -1)).toBe(true);
  });
});
