import { describe, expect, it } from 'vitest';
import { DAY_MS, HOUR_MS } from '@/kit/zone';
import { columnChoices, columnStep, curveStep, pieces } from './plan';
import { neighbour, rangeOf, shifted, shiftOf, textOf } from './range';

const ZONE = 'Europe/Paris';
const NOW = Date.parse('2026-11-21T16:30:00Z');
const said = (text: string, now = NOW, zone = ZONE) => {
  const range = rangeOf(text, now, zone);
  return range && [range.from, range.to].map((at) => new Date(at).toISOString().slice(0, 16));
};

describe('a period', () => {
  it.each([
    ['today', '2026-11-20T23:00', '2026-11-21T23:00'],
    ['yesterday', '2026-11-19T23:00', '2026-11-20T23:00'],
    ['7d', '2026-11-14T23:00', '2026-11-21T23:00'],
    ['month', '2026-10-31T23:00', '2026-11-30T23:00'],
    ['lastMonth', '2026-09-30T22:00', '2026-10-31T23:00'],
    ['year', '2025-12-31T23:00', '2026-12-31T23:00'],
    ['1h', '2026-11-21T15:30', '2026-11-21T16:30'],
    ['2026-10-25', '2026-10-24T22:00', '2026-10-25T23:00'],
    ['2026-03-29', '2026-03-28T23:00', '2026-03-29T22:00'],
    ['2026-10', '2026-09-30T22:00', '2026-10-31T23:00'],
    ['2026-10-24..2026-10-25', '2026-10-23T22:00', '2026-10-25T23:00'],
    ['2026-10-24T06:00..2026-10-24T14:30', '2026-10-24T04:00', '2026-10-24T12:30'],
  ])('%s is in the days of the site', (text, from, to) => {
    expect(said(text)).toEqual([from, to]);
  });

  it.each([
    '',
    'tomorrow',
    '2026-13',
    '2026-02-31T99:00..x',
    '2026-10-25..2026-10-24',
    '2020-01-01..2026-01-01',
  ])('is refused: %s', (text) => expect(said(text)).toBeNull());

  it('has a text that leads back to it', () => {
    for (const text of [
      '2026-10-25',
      '2026-10',
      '2026',
      '2026-10-24..2026-10-30',
      '2026-10-24T06:00..2026-10-24T14:30',
    ])
      expect(textOf(rangeOf(text, NOW, ZONE)!, ZONE)).toBe(text);
  });

  it('moves by days, months and years, also over the change of the clock', () => {
    expect(neighbour('2026-10-26', -1, NOW, ZONE)).toBe('2026-10-25');
    expect(neighbour('2026-03-28', 1, NOW, ZONE)).toBe('2026-03-29');
    expect(neighbour('2026-01', -1, NOW, ZONE)).toBe('2025-12');
    expect(neighbour('year', -1, NOW, ZONE)).toBe('2025');
    expect(neighbour('7d', -1, NOW, ZONE)).toBe('2026-11-08..2026-11-14');
    expect(neighbour('2026-10-25T00:00..2026-10-25T12:00', 1, NOW, ZONE)).toBe(
      '2026-10-25T12:00..2026-10-26T00:00',
    );
  });

  it('is called by its name again when it comes back to now', () => {
    expect(neighbour('today', -1, NOW, ZONE)).toBe('yesterday');
    expect(neighbour('yesterday', 1, NOW, ZONE)).toBe('today');
    expect(neighbour('2026-10', 1, NOW, ZONE)).toBe('month');
  });
});

describe('a comparison', () => {
  const shift = (comparison: 'previous' | 'week' | 'year', text: string) =>
    shiftOf(comparison, rangeOf(text, NOW, ZONE)!, ZONE) / DAY_MS;

  it('lies back by whole days of the wall', () => {
    expect(shift('previous', 'today')).toBe(1);
    expect(shift('previous', 'month')).toBe(31);
    expect(shift('previous', '2026-03')).toBe(28);
    expect(shift('week', 'today')).toBe(7);
    expect(shift('year', 'today')).toBe(365);
    expect(shift('year', '2025-02-01')).toBe(366);
  });

  it('puts the same hour of the wall over each other across the change of the clock', () => {
    const noon = Date.parse('2026-10-24T10:00:00Z');
    expect(new Date(shifted(noon, DAY_MS, ZONE)).toISOString()).toBe('2026-10-25T11:00:00.000Z');
  });
});

describe('how finely is asked', () => {
  it('follows the length in sight', () => {
    const step = (hours: number, singles = true) => curveStep(hours * HOUR_MS, 1500, singles);
    expect([
      step(1),
      step(1, false),
      step(24),
      step(24 * 7),
      step(24 * 30),
      step(24 * 365),
    ]).toEqual(['raw', '1min', '1min', '15min', '30min', '6hour']);
  });

  it('gives columns that can be told apart', () => {
    expect([1, 24, 24 * 7, 24 * 31, 24 * 365].map((hours) => columnStep(hours * HOUR_MS))).toEqual([
      '15min',
      '1hour',
      'daily',
      'daily',
      'monthly',
    ]);
    expect(columnChoices(365 * DAY_MS)).not.toContain('15min');
    expect(columnChoices(DAY_MS)).toEqual(['15min', '1hour', 'daily']);
  });

  it('asks for a long time in pieces that join', () => {
    const parts = pieces(0, 365 * DAY_MS, '1hour');
    expect(parts).toHaveLength(3);
    expect(parts[0]![0]).toBe(0);
    expect(parts.slice(1).map(([from]) => from)).toEqual(parts.slice(0, -1).map(([, to]) => to));
    expect(parts[2]![1]).toBe(365 * DAY_MS);
    expect(pieces(10, 5, '1hour')).toEqual([]);
  });
});
