import { expect, it } from 'vitest';
import { metersOf } from './meters';

it('leaves out what told other quantities only, unless it was chosen before', () => {
  const choices = ['press', 'cell', 'new', 'old cell'].map((value) => ({ value, label: value }));
  const series = [
    { equipment_id: 'press', metric: 'voltage' },
    { equipment_id: 'press', metric: 'power' },
    { equipment_id: 'press', metric: 'current' },
    { equipment_id: 'cell', metric: 'temperature' },
    { equipment_id: 'old cell', metric: 'temperature' },
  ];
  const left = metersOf(choices, series, ['old cell']);
  expect(left.map(({ value }) => value)).toEqual(['press', 'new', 'old cell']);
});
