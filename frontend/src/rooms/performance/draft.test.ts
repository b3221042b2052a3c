import { describe, expect, it } from 'vitest';
import type { Enpi } from '@/api/types';
import { blank, blankDriver, draftOf, inputOf, missing, stepOf, terms } from './draft';

const t = (key: string) => key.replace('performance.form.', '');
const METER = '01989c8e-0000-7000-8000-000000000001';

function filled() {
  const draft = blank();
  draft.name = ' Presses ';
  draft.equipment = [METER];
  draft.drivers[0] = { ...blankDriver(), name: 'parts', unit: 'part', product: 'Caps' };
  return draft;
}

describe('what the appliance is asked for', () => {
  it('is a model of what was produced', () => {
    expect(inputOf(filled())).toEqual({
      name: 'Presses',
      note: '',
      kind: 'model',
      period: 'day',
      place: null,
      equipment: [METER],
      less: [],
      variables: [{ name: 'parts', unit: 'part', source: { from: 'production', product: 'Caps' } }],
      shape: 'linear',
      intercept: true,
      coverage_min: 0.95,
    });
  });

  it('names no meters beside a place, and no drivers of a plain value', () => {
    const input = inputOf({
      ...filled(),
      kind: 'value',
      boundary: 'place',
      place: 'hall-1',
      shape: 'heating',
    });
    expect([input.place, input.equipment, input.variables]).toEqual(['hall-1', [], []]);
    expect([input.shape, input.intercept]).toEqual(['linear', true]);
  });

  it('takes degree days with a comma in their base', () => {
    const draft = filled();
    draft.drivers = [
      {
        ...blankDriver(),
        name: 'cold',
        from: 'degree_days',
        series: `${METER}|temperature|total`,
        base_c: '16,5',
        side: 'heating',
      },
    ];
    expect(inputOf(draft).variables?.[0]?.source).toEqual({
      from: 'degree_days',
      equipment_id: METER,
      metric: 'temperature',
      base_c: 16.5,
      side: 'heating',
    });
  });

  it('comes back the same from what is kept', () => {
    const draft = filled();
    const kept = { ...inputOf(draft), id: 'x', site: 's', adjustments: [], baseline: 0 };
    const again = draftOf(kept as unknown as Enpi);
    expect(inputOf(again)).toEqual(inputOf(draft));
  });
});

describe('each step', () => {
  it('says what is missing at its place', () => {
    expect(missing(blank(), 0, t)).toEqual({ name: 'wantName' });
    expect(missing({ ...blank(), name: 'A', coverage: '40' }, 0, t)).toEqual({
      coverage_min: 'wantCoverage',
    });
    expect(missing(blank(), 1, t)).toEqual({ equipment: 'wantMeters' });
    const twice = { ...blank(), equipment: [METER], less: [METER] };
    expect(missing(twice, 1, t)).toEqual({ less: 'wantOnce' });
    expect(missing({ ...blank(), boundary: 'place' }, 1, t)).toEqual({ place: 'wantPlace' });
    expect(missing(blank(), 2, t)).toEqual({
      'variables[0].name': 'wantDriver',
      'variables[0].source.product': 'wantProduct',
    });
    expect([0, 1, 2, 3].flatMap((step) => Object.keys(missing(filled(), step, t)))).toEqual([]);
  });

  it('wants two drivers to have two names', () => {
    const draft = filled();
    draft.drivers.push({ ...draft.drivers[0]! });
    expect(missing(draft, 2, t)).toEqual({ 'variables[1].name': 'wantOther' });
    expect(missing({ ...draft, kind: 'ratio' }, 2, t)).toEqual({});
  });

  it('is found for what the appliance refuses', () => {
    expect(['name', 'place', 'variables[1].source.product', 'shape', 'body'].map(stepOf)).toEqual([
      0, 1, 2, 2, 3,
    ]);
  });
});

it('tells a model as a sum', () => {
  const coefficients = [{ name: 'parts', value: 0.42 }];
  expect(terms({ intercept: { value: 210 }, coefficients })).toEqual([
    [null, 210],
    ['parts', 0.42],
  ]);
  expect(terms({ intercept: null, coefficients })).toEqual([['parts', 0.42]]);
});
