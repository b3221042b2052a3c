import { expect, it } from 'vitest';
import { formOf, keepOf, shortened, wrongIn } from './keep';

const level = (name: string, keep_days: number | null) => ({
  level: name,
  keep_days,
  bytes: 0,
  files: 0,
  oldest: null,
});
const known = {
  levels: [level('raw', 90), level('minute', 366), level('quarter', null), level('hour', null)],
};

it('shows for ever as an empty field, and sends it as none', () => {
  const form = formOf(known);
  expect(form).toEqual({ raw_days: '90', minute_days: '366', quarter_days: '', hour_days: '' });
  expect(keepOf({ ...form, raw_days: ' 30 ' })).toEqual({
    raw_days: 30,
    minute_days: 366,
    quarter_days: null,
    hour_days: null,
  });
});

it('takes whole days and nothing else', () => {
  const form = formOf(known);
  expect(wrongIn(form, (key) => key)).toEqual({});
  for (const bad of ['ten', '1.5', '-3'])
    expect(Object.keys(wrongIn({ ...form, minute_days: bad }, (key) => key))).toEqual([
      'minute_days',
    ]);
});

it('knows when something will be forgotten sooner', () => {
  const form = formOf(known);
  expect(shortened(form, { ...form, raw_days: '120' })).toEqual([]);
  expect(shortened(form, { ...form, raw_days: '' })).toEqual([]);
  expect(shortened(form, { ...form, raw_days: '30', hour_days: '800' })).toEqual(['raw', 'hour']);
});
