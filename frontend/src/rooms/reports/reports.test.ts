import { describe, expect, it } from 'vitest';
import {
  aboutOf,
  addressesOf,
  anyUnderWay,
  cellOf,
  numbersOf,
  precisionOf,
  subjectKey,
  subjectOf,
} from './reports';
import type { StoredReport } from '@/api/types';

const report = {
  id: '1',
  recipe: {
    template: 'peaks',
    site: 'site_a',
    from: '2026-10-01T00:00:00.000Z',
    to: '2026-11-01T00:00:00.000Z',
    language: 'en',
  },
  finished_at: null,
} as unknown as StoredReport;

describe('reports', () => {
  it('asks again while one is being made', () => {
    expect(anyUnderWay([report])).toBe(true);
    expect(anyUnderWay([{ ...report, finished_at: '2026-11-01T00:00:00.000Z' }])).toBe(false);
    expect(anyUnderWay([])).toBe(false);
  });

  it('tells what a cell and a column hold', () => {
    expect(cellOf('empty')).toEqual({});
    expect(cellOf({ number: '1.5' }).number).toBe('1.5');
    expect(numbersOf('text')).toBeNull();
    expect(numbersOf({ number: { unit: 'kWh', decimals: 1 } })).toEqual({
      unit: 'kWh',
      decimals: 1,
    });
    expect(precisionOf({ time: { precision: 'day' } })).toBe('day');
    expect(precisionOf('text')).toBeNull();
  });

  it('says what a report of cold cells is about, and of others nothing', () => {
    for (const about of [{ cell: 'a-1' }, { customer: 'b-2' }, {}])
      expect(subjectOf(subjectKey(about))).toEqual(about);
    expect(aboutOf('cold_month', { cell: 'a-1' })).toEqual({ cell: 'a-1' });
    expect(aboutOf('peaks', { cell: 'a-1' })).toEqual({});
  });

  it('takes addresses as people type them', () => {
    expect(addressesOf('a@b.tn, c@d.tn\n e@f.tn;')).toEqual(['a@b.tn', 'c@d.tn', 'e@f.tn']);
    expect(addressesOf('  ')).toEqual([]);
  });
});
