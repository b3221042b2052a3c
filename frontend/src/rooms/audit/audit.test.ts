import { describe, expect, it } from 'vitest';
import { dayStart, detailsOf, isFiltered, linkOf, nameOf, noFilters, queryOf } from './audit';

describe('a day of the site', () => {
  it('begins at its own midnight, also when the clock changes', () => {
    const at = (day: string, zone: string) => new Date(dayStart(day, zone) ?? 0).toISOString();
    expect(at('2026-11-21', 'Africa/Tunis')).toBe('2026-11-20T23:00:00.000Z');
    expect(at('2026-03-29', 'Europe/Paris')).toBe('2026-03-28T23:00:00.000Z');
    expect(at('2026-03-30', 'Europe/Paris')).toBe('2026-03-29T22:00:00.000Z');
    expect(at('2026-11-01', 'America/New_York')).toBe('2026-11-01T04:00:00.000Z');
    expect(at('2026-11-02', 'America/New_York')).toBe('2026-11-02T05:00:00.000Z');
    expect(at('2026-11-21', 'Asia/Kolkata')).toBe('2026-11-20T18:30:00.000Z');
  });

  it('is nothing when it is no day', () => {
    expect(dayStart('', 'UTC')).toBeNull();
    expect(dayStart('2026-13-45', 'UTC')).toBeNull();
  });
});

describe('the question', () => {
  it('asks only for what was filled in', () => {
    expect(isFiltered(noFilters())).toBe(false);
    const query = queryOf({ ...noFilters(), text: '  ', user: ' Amel ' }, 'UTC');
    expect(Object.entries(query).filter(([, value]) => value !== undefined)).toEqual([
      ['user', 'Amel'],
    ]);
  });

  it('takes the last day in whole', () => {
    const filters = { ...noFilters(), from: '2026-11-01', to: '2026-11-02' };
    const { from, to } = queryOf(filters, 'America/New_York');
    expect(from).toBe('2026-11-01T04:00:00.000Z');
    expect(to).toBe('2026-11-03T05:00:00.000Z');
  });
});

describe('an entry', () => {
  it('shows what a field was and is, and plain facts', () => {
    expect(
      detailsOf({
        name: 'Press 4',
        port: { before: 502, after: 503 },
        changed: { host: { before: null, after: '10.0.0.9' } },
        scopes: ['readings:read'],
      }),
    ).toEqual([
      { name: 'name', before: null, after: 'Press 4', changed: false },
      { name: 'port', before: '502', after: '503', changed: true },
      { name: 'host', before: '–', after: '10.0.0.9', changed: true },
      { name: 'scopes', before: null, after: '["readings:read"]', changed: false },
    ]);
    expect(detailsOf({})).toEqual([]);
  });

  it('says what the object is called, as it is now', () => {
    expect(nameOf({ details: { name: 'Press 4' } })).toBe('Press 4');
    expect(nameOf({ details: { name: { before: 'Press 4', after: 'Press 5' } } })).toBe('Press 5');
    expect(nameOf({ details: { item: { name: 'Less air' } } })).toBe('Less air');
    expect(nameOf({ details: { name: 'Press 4' }, name: 'Press 9' })).toBe('Press 4');
    expect(nameOf({ details: { agent: 'x' }, name: 'Press 9' })).toBe('Press 9');
    expect(nameOf({ details: { agent: 'x' } })).toBeNull();
  });

  it('leads to what it is about, where that has a screen', () => {
    expect(linkOf('equipment/0192')).toBe('/equipment/0192');
    expect(linkOf('users/0192')).toBe('/users/0192');
    expect(linkOf('alert_rule/0192')).toBe('/alerts/rules/0192');
    expect(linkOf('audit')).toBeNull();
    expect(linkOf('storage/keep')).toBeNull();
  });
});
