import { expect, it } from 'vitest';
import { dayAfter, periodErrors } from './period';

it('says what is wrong with days of one’s own', () => {
  const wrong = (from: string, to: string, which = 'own') =>
    periodErrors({ which, from, to }, (key) => key);
  expect(wrong('', '')).toEqual({ from: 'reports.wantDay', to: 'reports.wantDay' });
  expect(wrong('2026-11-20', '2026-11-10')).toEqual({ to: 'reports.wantOrder' });
  expect(wrong('2026-11-20', '2026-11-20')).toEqual({});
  expect(wrong('', '', 'last')).toEqual({});
});

it('takes the last day as people mean it', () => {
  expect(dayAfter('2026-12-31')).toBe('2027-01-01');
  expect(dayAfter('')).toBe('');
});
