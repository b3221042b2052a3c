import { describe, expect, it } from 'vitest';
import { instantAt, localAt } from './localInstant';

describe('a date and time at the site', () => {
  it('is the instant of that wall clock, in winter and summer', () => {
    expect(instantAt('2026-01-15T08:30', 'Europe/Paris')).toBe('2026-01-15T07:30:00.000Z');
    expect(instantAt('2026-07-15T08:30', 'Europe/Paris')).toBe('2026-07-15T06:30:00.000Z');
    expect(instantAt('2026-07-15T08:30', 'Asia/Kolkata')).toBe('2026-07-15T03:00:00.000Z');
  });

  it('is the first of the two when the clocks go back', () => {
    expect(instantAt('2026-10-25T02:30', 'Europe/Paris')).toBe('2026-10-25T00:30:00.000Z');
  });

  it('is moved past the hour that is left out', () => {
    expect(instantAt('2026-03-29T02:30', 'Europe/Paris')).toBe('2026-03-29T01:30:00.000Z');
  });

  it('is nothing when it is no time', () => {
    expect(instantAt('', 'UTC')).toBeNull();
    expect(instantAt('2026-13-40T99:99', 'UTC')).toBeNull();
  });

  it('comes back as it was entered', () => {
    for (const zone of ['Europe/Paris', 'Asia/Kolkata', 'America/St_Johns']) {
      const at = instantAt('2026-11-21T08:30', zone)!;
      expect(localAt(Date.parse(at), zone)).toBe('2026-11-21T08:30');
    }
  });
});
