import { expect, it } from 'vitest';
import type { PlanItem } from '@/api/types';
import { blankItem, formOf, isLate, itemOf } from './plan';

const TUNIS = 'Africa/Tunis';
const kept = {
  kind: 'objective',
  name: 'Less',
  note: '',
  owner: 'Amel',
  due: '2026-12-30T23:00:00.000Z',
  state: 'doing',
  enpi_id: 'e',
  equipment: ['m'],
  since: '2026-11-07T23:00:00.000Z',
  target_fraction: 0.07,
  expected_kwh_per_year: 1200,
} as unknown as PlanItem;

it('comes back the same from its form', () => {
  const form = formOf(kept, TUNIS);
  expect([form.due, form.since, form.target]).toEqual(['2026-12-31', '2026-11-08', '7']);
  expect(itemOf(form, kept, TUNIS)).toEqual(kept);
});

it('counts only objectives and measures', () => {
  const form = { ...blankItem(), name: ' Leaks ', target: '5', enpi_id: 'e', since: '2026-11-01' };
  const action = itemOf(form, null, TUNIS);
  expect([action.enpi_id, action.since, action.target_fraction]).toEqual([null, null, null]);
  const goal = itemOf({ ...form, kind: 'objective', target: '2,5' }, null, TUNIS);
  expect([goal.enpi_id, goal.since, goal.target_fraction]).toEqual([
    'e',
    '2026-10-31T23:00:00.000Z',
    0.025,
  ]);
});

it('is late when its day is over and it is not done', () => {
  const due = '2026-11-20T23:00:00Z';
  const at = (time: string) => Date.parse(time);
  expect(isLate({ due, state: 'open' }, at('2026-11-21T20:00:00Z'))).toBe(false);
  expect(isLate({ due, state: 'open' }, at('2026-11-21T23:00:00Z'))).toBe(true);
  expect(isLate({ due, state: 'done' }, at('2026-12-21T23:00:00Z'))).toBe(false);
  expect(isLate({ due: null, state: 'open' }, at('2026-12-21T23:00:00Z'))).toBe(false);
});
