import { describe, expect, it } from 'vitest';
import type { ColdCell } from '@/api/types';
import { blankCell, cellOf, checkCell, formOfCell, namedProbes, type CellForm } from './cellForm';

const key = (name: string) => name;
const form = (said: Partial<CellForm>): CellForm => ({
  ...blankCell('place'),
  name: 'Freezer',
  set_point_c: '-18',
  max_c: '-15,5',
  ...said,
});
const refused = (said: Partial<CellForm>) => checkCell(form(said), key);

describe('the form of a cell', () => {
  it('takes what is usual, with a comma as well', () => {
    expect(refused({})).toEqual({});
    expect(cellOf(form({}))).toMatchObject({
      location_id: 'place',
      name: 'Freezer',
      product: null,
      set_point_c: -18,
      min_c: null,
      max_c: -15.5,
      high_delay_s: 600,
      escalate_after_s: 3600,
      power_delay_s: 30,
      defrost: [],
    });
    expect('equipment_id' in cellOf(form({}))).toBe(false);
  });

  it('says of each field what is wrong', () => {
    expect(refused({ location_id: '', name: ' ', set_point_c: 'cold' })).toMatchObject({
      location_id: 'check.required',
      name: 'check.required',
      set_point_c: 'coldchain.form.wantDegrees',
    });
    expect(refused({ max_c: '' })).toEqual({ max_c: 'coldchain.form.wantLimit' });
    expect(refused({ max_c: '-18', min_c: '-17' })).toMatchObject({
      max_c: 'coldchain.form.wantAbove',
      min_c: 'coldchain.form.wantBelow',
    });
    expect(refused({ dead_band_c: '3' })).toEqual({ dead_band_c: 'coldchain.form.wantBand' });
    expect(refused({ high_delay_s: '241', interval_s: '0', battery_min_percent: '101' })).toEqual({
      high_delay_s: 'coldchain.form.wantDelay',
      interval_s: 'coldchain.form.wantInterval',
      battery_min_percent: 'coldchain.form.wantPercent',
    });
    expect(refused({ defrost: [{ start: '', minutes: '130' }] })).toEqual({
      'defrost.0.start': 'coldchain.form.wantTime',
      'defrost.0.minutes': 'coldchain.form.wantMinutes',
    });
  });

  it('shows a cell as it is, and sends it back unchanged', () => {
    const cell = {
      location_id: 'place',
      name: 'Freezer',
      product: 'Fish',
      set_point_c: -18,
      min_c: null,
      max_c: -15,
      dead_band_c: 0.5,
      high_delay_s: 90,
      low_delay_s: 100,
      door_grace_s: 600,
      door_limit_s: 300,
      defrost: [{ start: '02:30', minutes: 25 }],
      defrost_grace_s: 1200,
      power_delay_s: 30,
      offline_after_s: 30,
      escalate_after_s: 3600,
      battery_min_percent: 20,
      disagree_c: 3,
      interval_s: 60,
      further_probes: ['rear'],
    } as unknown as ColdCell;
    const shown = formOfCell(cell);
    expect([shown.high_delay_s, shown.offline_after_s, shown.min_c]).toEqual(['1.5', '0.5', '']);
    expect(checkCell(shown, key)).toEqual({});
    expect(namedProbes(cell)).toEqual(['rear']);
    expect(cellOf(shown, namedProbes(cell))).toEqual(cell);
  });
});
