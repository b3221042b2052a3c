import { describe, expect, it } from 'vitest';
import * as format from './format';

const tunis = { locale: 'en-GB', timeZone: 'Africa/Tunis' };

describe('numbers', () => {
  it('says nothing rather than zero when there is no value', () => {
    expect(format.fixed(null, 1, 'en-GB')).toBe('–');
    expect(format.fixed(NaN, 1, 'en-GB')).toBe('–');
    expect(format.quantity(undefined, 'V', 'en-GB')).toBe('–');
  });

  it('keeps about three significant digits of power', () => {
    const shown = [4.274, 9.996, 42.74, 99.96, 427.4, 4274].map((kw) => format.power(kw, 'en-GB'));
    expect(shown.map(([text]) => text)).toEqual(['4.27', '10.0', '42.7', '100', '427', '4,274']);
  });

  it('turns to megawatts only where kilowatts get too long', () => {
    expect(format.power(99_999, 'en-GB')).toEqual(['99,999', 'kW']);
    expect(format.power(123_456, 'en-GB')).toEqual(['123.5', 'MW']);
  });

  it('has no minus zero', () => {
    expect(format.fixed(-0.004, 2, 'en-GB')).toBe('0.00');
  });

  it('follows the language, with latin digits in Arabic', () => {
    expect(format.fixed(1234.5, 1, 'fr-FR')).toBe('1\u202f234,5');
    expect(format.fixed(12.5, 1, 'ar-TN-u-nu-latn')).toMatch(/^12[.,]5$/);
  });

  it('keeps the unit behind the number in a right-to-left sentence', () => {
    expect(format.withUnit('46.2', 'kW')).toBe('\u206646.2\u00a0kW\u2069');
    expect(format.withUnit('0.92', null)).toBe('0.92');
  });
});

describe('money', () => {
  it('has the currency’s own number of digits', () => {
    expect(format.moneyParts('963.9', 'TND', 'en-GB')).toEqual(['963.900', 'TND']);
    expect(format.moneyParts('963.9', 'EUR', 'en-GB')).toEqual(['963.90', 'EUR']);
  });

  it('carries no direction mark that would turn number and sign around', () => {
    const [text] = format.moneyParts('963.908', 'TND', 'ar-TN-u-nu-latn');
    expect(text).toMatch(/^[\d.,]+$/);
  });

  it('says nothing when there is no amount', () => {
    expect(format.money(null, 'TND', 'en-GB')).toBe('–');
  });
});

describe('time', () => {
  it('is the site’s, whatever the panel’s zone is', () => {
    expect(format.time('2026-11-21T13:03:12.345Z', tunis)).toBe('14:03:12');
    expect(format.hourMinute('2026-11-21T23:30:00Z', tunis)).toBe('00:30');
    expect(format.dayIn(new Date('2026-11-21T23:30:00Z'), 'Africa/Tunis')).toBe('2026-11-22');
  });

  it('shows the date only when it is another day', () => {
    const now = Date.parse('2026-11-21T13:00:00Z');
    expect(format.since(now - 60_000, now, tunis)).toBe('13:59:00');
    expect(format.since(now - 86_400_000, now, tunis)).toContain('20 Nov 2026');
  });

  it('keeps a calendar day where it is', () => {
    expect(format.calendarDay('2024-05-01', 'en-GB')).toBe('1 May 2024');
  });

  it('says a duration in one unit, rounded down', () => {
    const seconds = [0, 59, 60, 3599, 3600, 172_799, 172_800];
    const shown = seconds.map((s) => format.duration(s * 1000, 'en-GB'));
    expect(shown.map((text) => parseInt(text))).toEqual([0, 59, 1, 59, 1, 47, 2]);
    expect(shown[6]).toContain('day');
  });
});
