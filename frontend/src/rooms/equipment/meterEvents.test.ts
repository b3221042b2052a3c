import { describe, expect, it } from 'vitest';
import { checkMeterEvent, exchangeOf, ratioOf, type MeterEventForm } from './meterEvents';

const filled: MeterEventForm = {
  kind: 'exchange',
  metric: 'consumption',
  at: '2026-11-21T08:30',
  end_reading: '48 201,5',
  start_reading: '0',
  factor: '40',
  reason: ' The old one was worn. ',
};
const say = (key: string) => key;

describe('what was done to a meter', () => {
  it('is sent as numbers and an instant', () => {
    const form = { ...filled, end_reading: '48201,5' };
    expect(checkMeterEvent(form, 'Europe/Paris', say)).toEqual({});
    expect(exchangeOf(form, 'Europe/Paris')).toEqual({
      at: '2026-11-21T07:30:00.000Z',
      metric: 'consumption',
      reason: 'The old one was worn.',
      end_reading: 48201.5,
      start_reading: 0,
    });
    expect(ratioOf(form, 'Europe/Paris').factor).toBe(40);
  });

  it('names each field that is missing or no number', () => {
    const bad = { ...filled, at: '', start_reading: '-1', reason: '  ' };
    expect(checkMeterEvent(bad, 'UTC', say)).toEqual({
      at: 'check.required',
      end_reading: 'meterEvents.readingBad',
      start_reading: 'meterEvents.readingBad',
      reason: 'check.required',
    });
  });

  it('asks of a ratio only what belongs to it', () => {
    const ratio = { ...filled, kind: 'ratio' as const, factor: '0' };
    expect(checkMeterEvent(ratio, 'UTC', say)).toEqual({ factor: 'meterEvents.factorBad' });
  });
});
