import { describe, expect, it } from 'vitest';
import { subjectParts } from './findings';

describe('the subject of a finding', () => {
  it('is a metric, of the whole or of a conductor', () => {
    expect(subjectParts('power')).toEqual({ metric: 'power', phase: null });
    expect(subjectParts('current_l2')).toEqual({ metric: 'current', phase: 'L2' });
    expect(subjectParts('power_factor')).toEqual({ metric: 'power_factor', phase: null });
  });

  it('is a conductor, several things, or nothing', () => {
    for (const subject of ['L1', 'L1, L3', 'power, voltage_l1', ''])
      expect(subjectParts(subject)).toBeNull();
  });
});
