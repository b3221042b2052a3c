import { describe, expect, it } from 'vitest';
import { endOf, numbersIn, tableOf, wrongWith } from './factors';

const day = Array.from({ length: 24 }, (_, hour) => `0,${40 + hour}`).join('\n');

describe('emission factors', () => {
  it.each([
    ['0,4 0,5', ['0,4', '0,5']],
    ['0.4,0.5;0.6\n', ['0.4', '0.5', '0.6']],
    ['  ', []],
  ])('reads %j', (text, words) => expect(numbersIn(text)).toEqual(words));

  it('says what is wrong', () => {
    expect(wrongWith('flat', '')?.word).toBe('wantNumber');
    expect(wrongWith('flat', '0.4 0.5')?.word).toBe('wantNumber');
    expect(wrongWith('flat', '11')).toEqual({ word: 'wantFactor', named: { at: 1, text: '11' } });
    expect(wrongWith('hour_of_day', '0.4 much')).toEqual({
      word: 'wantFactor',
      named: { at: 2, text: 'much' },
    });
    expect(wrongWith('hour_of_day', '0.4 0.5')).toEqual({ word: 'want24', named: { count: 2 } });
    expect(wrongWith('hourly', '')?.word).toBe('wantHours');
    expect(wrongWith('hourly', '0.1 '.repeat(8785))?.word).toBe('wantHours');
    expect([wrongWith('flat', '0,4'), wrongWith('hour_of_day', day)]).toEqual([null, null]);
  });

  it('makes what the appliance takes', () => {
    expect(tableOf('flat', '0,42')).toEqual({ by: 'flat', kg_per_kwh: 0.42 });
    expect(tableOf('hourly', '0.4\n0.5')).toEqual({ by: 'hourly', kg_per_kwh: [0.4, 0.5] });
    const from = '2026-01-01T00:00:00.000Z';
    expect(endOf('hourly', day, from)).toBe('2026-01-02T00:00:00.000Z');
    expect(endOf('flat', '0.4', from)).toBeNull();
  });
});
