import { describe, expect, it } from 'vitest';
import type { HistorySeries } from '@/api/types';
import { pulseInputs, pulseKey, pulseOf } from './pulseInput';

const series = (metric: string, phase: string | null = null): HistorySeries => ({
  equipment_id: 'e1',
  equipment: 'Main meter',
  key: metric,
  metric,
  phase,
  unit: '',
  counter: metric.endsWith('_count'),
  corrections: [],
});

/** As the page would call it. */
const nameOf = (metric: string) => metric.replace(/_/g, ' ');

describe('the input of the pulse', () => {
  it('is a counter or a contact, never a counter of energy', () => {
    const all = ['power', 'consumption', 'reactive_energy', 'sync_pulse_count', 'digital_1'];
    const found = pulseInputs(
      [...all.map((name) => series(name)), series('x_count', 'L1')],
      '',
      nameOf,
    );
    expect(found.map(({ value }) => value)).toEqual(['e1 sync_pulse_count', 'e1 digital_1']);
    expect(found[0]?.label).toBe('Main meter · sync pulse count');
  });

  it('stays chosen when its equipment is read no more', () => {
    expect(pulseInputs([], 'e9 gone_count', nameOf)).toEqual([
      { value: 'e9 gone_count', label: 'gone count' },
    ]);
  });

  it('is written as it is read', () => {
    const pulse = { equipment: 'e1', metric: 'digital_1' };
    expect(pulseOf(pulseKey(pulse))).toEqual(pulse);
    expect([pulseOf(''), pulseKey(null)]).toEqual([null, '']);
  });
});
