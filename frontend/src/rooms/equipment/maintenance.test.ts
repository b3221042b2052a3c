import { expect, it } from 'vitest';
import { blankWork, checkWork, workOf } from './maintenance';

const same = (key: string) => key;

it('sends what was filled in, with a cost as people of the plant write it', () => {
  const form = { ...blankWork('2026-11-21'), notes: ' A new bearing. ', cost: ' 120,50 ' };
  expect(checkWork(form, same)).toEqual({});
  expect(workOf(form, ['d1'])).toEqual({
    type: 'inspection',
    date: '2026-11-21',
    performed_by: null,
    notes: 'A new bearing.',
    cost: '120.50',
    next_due: null,
    documents: ['d1'],
  });
});

it('says what is missing or cannot be', () => {
  const form = { ...blankWork(''), cost: '12x', next_due: '2026-11-21' };
  expect(Object.keys(checkWork(form, same)).sort()).toEqual(['cost', 'date', 'notes']);
  const early = { ...blankWork('2026-11-21'), notes: 'x', next_due: '2026-11-21' };
  expect(Object.keys(checkWork(early, same))).toEqual(['next_due']);
});
