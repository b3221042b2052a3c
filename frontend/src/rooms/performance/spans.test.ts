import { expect, it } from 'vitest';
import { areShifts, dayOf, lastDays, monthText, sinceBaseline, weeksBack } from './spans';

const NOW = Date.parse('2026-11-21T22:30:00Z');
const TUNIS = 'Africa/Tunis';

it('follows a baseline from its end, two years at most', () => {
  expect(sinceBaseline('2026-11-01T00:00:00Z', NOW)).toEqual({
    from: '2026-11-01T00:00:00.000Z',
    to: '2026-11-21T22:30:00.000Z',
  });
  expect(sinceBaseline('2026-11-22T00:00:00Z', NOW)).toBeNull();
  expect(sinceBaseline('2020-01-01T00:00:00Z', NOW)?.from).toBe('2024-11-21T22:30:00.000Z');
});

it('counts days and weeks on the clock of the site', () => {
  expect(lastDays(7, NOW, TUNIS).from).toBe('2026-11-14T23:00:00.000Z');
  expect(dayOf(Date.parse('2026-11-21T23:30:00Z'), TUNIS)).toBe('2026-11-22');
  expect(weeksBack(NOW, TUNIS, 3)).toEqual(['2026-11-16', '2026-11-09', '2026-11-02']);
  expect(weeksBack(Date.parse('2026-11-22T23:30:00Z'), TUNIS, 1)).toEqual(['2026-11-23']);
});

it('names a month of the site', () => {
  expect(monthText('2026-10-31T23:00:00Z', 'en-GB', TUNIS)).toBe('November 2026');
  expect(monthText('2026-10-31T23:00:00Z', 'fr-TN', 'UTC')).toBe('octobre 2026');
});

it.each([
  ['06:00,14:00,22:00', true],
  ['06:00, 14:00', true],
  ['00:00', true],
  ['', false],
  ['25:00', false],
  ['6:00,14:00', false],
  ['14:00,06:00', false],
  ['06:00,06:00', false],
  ['01:00,02:00,03:00,04:00,05:00,06:00,07:00', false],
])('shifts %j: %s', (text, fine) => expect(areShifts(text)).toBe(fine));
