// An indicator as a person defines it, step by step, and what the appliance is asked for: pure.
import type { Enpi, EnpiVariable, NewEnpi } from '@/api/types';
import { decimalOf } from '@/kit/check';
import type { Errors } from '@/kit/useFormErrors';

export const KINDS = ['value', 'ratio', 'model'] as const;
export const PERIODS = ['day', 'week', 'month'] as const;
export const SHAPES = [
  'linear',
  'heating',
  'cooling',
  'heating_cooling',
  'heating_level_cooling',
] as const;
export const SOURCES = ['production', 'series', 'degree_days'] as const;
export const STEPS = ['what', 'where', 'drivers', 'check'] as const;
export type Kind = (typeof KINDS)[number];
export type Period = (typeof PERIODS)[number];
export type Shape = (typeof SHAPES)[number];
export type SourceKind = (typeof SOURCES)[number];

export interface DriverDraft {
  name: string;
  unit: string;
  from: SourceKind;
  product: string;
  /** "<equipment>|<metric>|<phase>" of a series, or of a temperature. */
  series: string;
  reduction: 'mean' | 'min' | 'max';
  base_c: string;
  side: 'heating' | 'cooling';
}

export interface Draft {
  name: string;
  note: string;
  kind: Kind;
  period: Period;
  boundary: 'meters' | 'place';
  place: string;
  equipment: string[];
  drivers: DriverDraft[];
  shape: Shape;
  intercept: boolean;
  /** Shares from 0.5 to 1, in percent. */
  coverage: string;
  less: string[];
}

export const blankDriver = (): DriverDraft => ({
  name: '',
  unit: '',
  from: 'production',
  product: '',
  series: '',
  reduction: 'mean',
  base_c: '18',
  side: 'heating',
});

export const blank = (): Draft => ({
  name: '',
  note: '',
  kind: 'model',
  period: 'day',
  boundary: 'meters',
  place: '',
  equipment: [],
  drivers: [blankDriver()],
  shape: 'linear',
  intercept: true,
  coverage: '95',
  less: [],
});

/** How many drivers a form takes: least and most. */
export const driversOf = (kind: Kind): [number, number] =>
  kind === 'value' ? [0, 0] : kind === 'ratio' ? [1, 1] : [1, 8];

/** The drivers that count: those beyond what the form takes are kept, in case one changes back. */
export const counted = (draft: Draft): DriverDraft[] =>
  draft.drivers.slice(0, driversOf(draft.kind)[1]);

function sourceOf(driver: DriverDraft): EnpiVariable['source'] {
  const [equipment_id = '', metric = '', phase = 'total'] = driver.series.split('|');
  switch (driver.from) {
    case 'production':
      return { from: 'production', product: driver.product.trim() };
    case 'series':
      return {
        from: 'series',
        equipment_id,
        metric,
        phase: phase as never,
        reduction: driver.reduction,
      };
    case 'degree_days':
      return {
        from: 'degree_days',
        equipment_id,
        metric,
        base_c: decimalOf(driver.base_c),
        side: driver.side,
      };
  }
}

export function inputOf(draft: Draft): NewEnpi {
  const model = draft.kind === 'model';
  const place = draft.boundary === 'place';
  return {
    name: draft.name.trim(),
    note: draft.note.trim(),
    kind: draft.kind,
    period: draft.period,
    place: place ? draft.place : null,
    equipment: place ? [] : draft.equipment,
    less: place ? [] : draft.less,
    variables: counted(draft).map((driver) => ({
      name: driver.name.trim(),
      unit: driver.unit.trim(),
      source: sourceOf(driver),
    })),
    shape: model ? draft.shape : 'linear',
    intercept: !model || draft.shape !== 'linear' || draft.intercept,
    coverage_min: decimalOf(draft.coverage) / 100,
  };
}

export function draftOf(enpi: Enpi): Draft {
  const drivers = enpi.variables.map(({ name, unit, source }): DriverDraft => {
    const driver = { ...blankDriver(), name, unit: unit ?? '', from: source.from };
    if (source.from === 'production') return { ...driver, product: source.product };
    const phase = source.from === 'series' ? (source.phase ?? 'total') : 'total';
    const series = `${source.equipment_id}|${source.metric ?? 'temperature'}|${phase}`;
    if (source.from === 'series')
      return { ...driver, series, reduction: source.reduction ?? 'mean' };
    return { ...driver, series, base_c: String(source.base_c), side: source.side };
  });
  return {
    name: enpi.name,
    note: enpi.note,
    kind: enpi.kind,
    period: enpi.period,
    boundary: enpi.place ? 'place' : 'meters',
    place: enpi.place ?? '',
    equipment: enpi.place ? [] : [...enpi.equipment],
    less: enpi.place ? [] : [...enpi.less],
    drivers: drivers.length ? drivers : [blankDriver()],
    shape: enpi.shape,
    intercept: enpi.intercept,
    coverage: String(Math.round(enpi.coverage_min * 1000) / 10),
  };
}

/** What is missing before the next step; the keys are those that the appliance uses, too. */
export function missing(draft: Draft, step: number, t: (key: string) => string): Errors {
  const errors: Errors = {};
  const want = (path: string, fine: boolean, word: string) => {
    if (!fine) errors[path] ??= t(`performance.form.${word}`);
  };
  if (step === 0) {
    want('name', draft.name.trim() !== '', 'wantName');
    const share = decimalOf(draft.coverage);
    want('coverage_min', share >= 50 && share <= 100, 'wantCoverage');
  }
  if (step === 1 && draft.boundary === 'place') want('place', draft.place !== '', 'wantPlace');
  if (step === 1 && draft.boundary === 'meters') {
    want('equipment', draft.equipment.length > 0, 'wantMeters');
    want('less', !draft.less.some((one) => draft.equipment.includes(one)), 'wantOnce');
  }
  if (step === 2)
    counted(draft).forEach((driver, n, all) => {
      const at = (field: string) => `variables[${n}].${field}`;
      want(at('name'), /^[a-z][a-z0-9_]{0,47}$/.test(driver.name.trim()), 'wantDriver');
      want(
        at('name'),
        all.findIndex(({ name }) => name.trim() === driver.name.trim()) === n,
        'wantOther',
      );
      if (driver.from === 'production')
        want(at('source.product'), driver.product.trim() !== '', 'wantProduct');
      else want(at('source.equipment_id'), driver.series !== '', 'wantSeries');
      if (driver.from === 'degree_days')
        want(at('source.base_c'), Number.isFinite(decimalOf(driver.base_c)), 'wantNumber');
    });
  return errors;
}

/** The step on which a field stands that the appliance refused. */
export function stepOf(path: string): number {
  if (/^(name|note|kind|period|coverage_min)$/.test(path)) return 0;
  if (/^(place|equipment|less)/.test(path)) return 1;
  if (/^(variables|shape|intercept)/.test(path)) return 2;
  return 3;
}

/** The model as a sum, for people: [[null, 210], ['parts', 0.42]] is 210 + 0.42 × parts. */
export function terms(model: {
  intercept?: { value: number } | null;
  coefficients: { name: string; value: number }[];
}): [name: string | null, value: number][] {
  const first: [null, number][] = model.intercept ? [[null, model.intercept.value]] : [];
  return [
    ...first,
    ...model.coefficients.map(({ name, value }): [string, number] => [name, value]),
  ];
}
